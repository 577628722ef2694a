import { isAbsolute, join } from 'node:path';
import { ConfigError, parseConfig, projectDir } from '../../src/config.js';

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    parseConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const MIB = 1024 * 1024;

describe('the configuration', () => {
  it('has the whole product on the loopback interface without any variable', () => {
    expect(parseConfig({})).toMatchObject({
      port: 4_000,
      host: '127.0.0.1',
      dataDir: join(projectDir, 'data'),
      corsOrigins: [],
      devAdmins: [],
      operationsToken: null,
      logLevel: 'info',
      maxUploadBytes: 100 * MIB,
      maxChunks: 20_000,
      maxAttempts: 5,
      retryDelaysMs: [5_000, 60_000, 600_000, 1_800_000],
      leaseMs: 30_000,
      shutdownDeadlineMs: 20_000,
      workerConcurrency: 6,
      maxRunningPerUser: 2,
      extraction: { processes: 2, timeoutMs: 120_000, maxRssBytes: 512 * MIB },
    });
  });

  it('treats an empty variable as not set', () => {
    expect(
      parseConfig({ PORT: '', CORS_ORIGIN: '', DATABASE_URL: '', OPERATIONS_TOKEN: '' }),
    ).toEqual(parseConfig({}));
  });

  it('ignores unknown variables', () => {
    expect(parseConfig({ PATH: '/bin', PORTAL: 'x' })).toEqual(parseConfig({}));
  });

  it('resolves a relative DATA_DIR against the project folder', () => {
    expect(parseConfig({ DATA_DIR: 'elsewhere' }).dataDir).toBe(join(projectDir, 'elsewhere'));
    expect(parseConfig({ DATA_DIR: '/var/lib/docstream' }).dataDir).toBe('/var/lib/docstream');
    expect(isAbsolute(projectDir)).toBe(true);
  });

  it('trims the items of a list', () => {
    const { corsOrigins, devAdmins } = parseConfig({
      CORS_ORIGIN: ' https://a.example , http://localhost:5173,',
      DEV_ADMINS: 'ann, bob',
    });
    expect([corsOrigins, devAdmins]).toEqual([
      ['https://a.example', 'http://localhost:5173'],
      ['ann', 'bob'],
    ]);
  });

  it('reads durations in every unit', () => {
    expect(parseConfig({ RETRY_DELAYS: '250ms, 5s,1m,2h' }).retryDelaysMs).toEqual([
      250, 5_000, 60_000, 7_200_000,
    ]);
  });
});

describe('a numeric variable', () => {
  const BOUNDS: [string, number, number, (config: ReturnType<typeof parseConfig>) => number][] = [
    ['PORT', 0, 65_535, (config) => config.port],
    ['MAX_UPLOAD_BYTES', 1, Number.MAX_SAFE_INTEGER, (config) => config.maxUploadBytes],
    ['MAX_CHUNKS', 1, 1_000_000, (config) => config.maxChunks],
    ['MAX_ATTEMPTS', 1, 100, (config) => config.maxAttempts],
    ['LEASE_MS', 1_000, 600_000, (config) => config.leaseMs],
    ['SHUTDOWN_DEADLINE_MS', 0, 600_000, (config) => config.shutdownDeadlineMs],
    ['WORKER_CONCURRENCY', 1, 256, (config) => config.workerConcurrency],
    ['MAX_RUNNING_PER_USER', 1, 256, (config) => config.maxRunningPerUser],
    ['EXTRACTION_PROCESSES', 1, 64, (config) => config.extraction.processes],
    ['EXTRACTION_TIMEOUT_MS', 100, 3_600_000, (config) => config.extraction.timeoutMs],
    ['EXTRACTION_MAX_MIB', 64, 65_536, (config) => config.extraction.maxRssBytes / MIB],
    ['EMBEDDER_THREADS', 1, 64, (config) => config.embedderThreads],
    ['SEARCH_CONCURRENCY', 1, 1_000, (config) => config.search.maxRunning],
    ['MAX_SEARCHES_PER_USER', 1, 1_000, (config) => config.search.maxRunningPerUser],
    ['MAX_WAITING_SEARCHES_PER_USER', 0, 10_000, (config) => config.search.maxWaitingPerUser],
    ['MAX_WAITING_SEARCHES', 0, 10_000, (config) => config.search.maxWaiting],
    ['SEARCH_TIMEOUT_MS', 100, 600_000, (config) => config.search.timeoutMs],
  ];

  it.each(BOUNDS)('accepts %s from %d to %d', (name, minimum, maximum, read) => {
    expect(read(parseConfig({ [name]: String(minimum) }))).toBe(minimum);
    expect(read(parseConfig({ [name]: String(maximum) }))).toBe(maximum);
  });

  it.each(BOUNDS)(
    'rejects %s below %d and above %d with a message that names both',
    (name, minimum, maximum) => {
      const problem = `${name} must be a whole number from ${minimum} to ${maximum}.`;
      for (const value of [
        minimum - 1,
        minimum + 0.5,
        'abc',
        '1,000',
        'NaN',
        'Infinity',
        maximum === Number.MAX_SAFE_INTEGER ? 2 ** 60 : maximum + 1,
      ]) {
        expect(problemsOf({ [name]: String(value) })).toEqual([problem]);
      }
    },
  );
});

describe('an invalid value', () => {
  it.each([
    ['HOST', '0.0.0.0', /dev:<user>/],
    ['HOST', 'example.com', /127\.0\.0\.1/],
    ['LOG_LEVEL', 'loud', /must be one of .*info/],
    ['OPERATIONS_TOKEN', 'short', /at least 16 characters/],
    ['CORS_ORIGIN', 'https://a.example/path', /without a path/],
    ['CORS_ORIGIN', '*', /a list of origins/],
    ['RETRY_DELAYS', '5s,soon', /a list of durations/],
    ['RETRY_DELAYS', '5', /a list of durations/],
    ['RETRY_DELAYS', ',', /a list of durations/],
  ])('of %s (%s) is reported with the correction', (name, value, correction) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toEqual([expect.stringMatching(correction)]);
    expect(problems[0]?.startsWith(`${name} `)).toBe(true);
  });

  it('is reported once, together with all others', () => {
    const problems = problemsOf({
      PORT: 'x',
      HOST: '0.0.0.0',
      LOG_LEVEL: 'loud',
      CORS_ORIGIN: 'a,b',
      REDIS_URL: 'x',
    });
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual([
      'CORS_ORIGIN',
      'HOST',
      'LOG_LEVEL',
      'PORT',
      'REDIS_URL',
    ]);
  });

  it('is not repeated in the message if it may be a secret', () => {
    expect(
      problemsOf({ OPERATIONS_TOKEN: 'hunter2', COHERE_API_KEY: 'sk-secret' }).join(' '),
    ).not.toMatch(/hunter2|sk-secret/);
  });
});

describe('an external server', () => {
  const CLUSTER = {
    KAFKA_BROKERS: 'one:9092, two:9092',
    DATABASE_URL: 'postgres://me:secret@db:5432/docstream',
    REDIS_URL: 'redis://cache:6379',
    WEAVIATE_URL: 'http://vectors:8080',
    BLOB_URL: 'file:///files',
  };

  it('is null if its variable is not set', () => {
    const { database, kafka, redis, weaviate, cohere, firebase, blobUrl } = parseConfig({});
    expect([database, kafka, redis, weaviate, cohere, firebase, blobUrl]).toEqual(
      Array(7).fill(null),
    );
  });

  it('is configured by its own variables', () => {
    expect(parseConfig({ ...CLUSTER, DATABASE_POOL: '20', KAFKA_PARTITIONS: '24' })).toMatchObject({
      database: { url: CLUSTER.DATABASE_URL, poolSize: 20 },
      kafka: { brokers: ['one:9092', 'two:9092'], partitions: 24, credentials: null },
      redis: { url: CLUSTER.REDIS_URL },
      weaviate: { url: CLUSTER.WEAVIATE_URL, apiKey: null },
    });
    expect(parseConfig({ COHERE_API_KEY: 'key' }).cohere).toMatchObject({
      model: 'embed-v4.0',
      inputsPerMinute: 2_000,
      rerankModel: null,
    });
    expect(problemsOf({ COHERE_RERANK_MODEL: 'rerank-v4.0-fast' })).toEqual([
      'COHERE_RERANK_MODEL requires COHERE_API_KEY as well.',
    ]);
    expect(parseConfig({ FIREBASE_PROJECT_ID: 'p', FIREBASE_API_KEY: 'public' }).firebase).toEqual({
      projectId: 'p',
      apiKey: 'public',
      authDomain: 'p.firebaseapp.com',
      emulatorHost: null,
    });
    expect(parseConfig({ BLOB_URL: 's3://bucket/folder' }).blobUrl).toBe('s3://bucket/folder');
  });

  it.each(['DATABASE_URL', 'REDIS_URL', 'WEAVIATE_URL', 'BLOB_URL'])(
    'requires %s with Kafka brokers, in one message',
    (name) => {
      const [problem, ...more] = problemsOf({ ...CLUSTER, [name]: '' });
      expect(problem).toContain(`KAFKA_BROKERS requires ${name} as well`);
      expect(more).toEqual([]);
    },
  );

  it.each([
    ['DATABASE_URL', 'mysql://db'],
    ['KAFKA_BROKERS', 'kafka'],
    ['REDIS_URL', 'localhost:6379'],
    ['WEAVIATE_URL', 'weaviate'],
    ['COHERE_BASE_URL', 'ftp://x'],
    ['BLOB_URL', 'https://bucket'],
  ])('rejects %s (%s) with a message that has an example', (name, value) => {
    const [problem] = problemsOf({ ...CLUSTER, [name]: value });
    expect(problem).toMatch(new RegExp(`^${name} must be`));
  });

  it.each([
    [{ KAFKA_USERNAME: 'me' }, /belong together/],
    [{ FIREBASE_PROJECT_ID: 'p' }, /FIREBASE_API_KEY/],
    [{ FIREBASE_AUTH_EMULATOR_HOST: '127.0.0.1:9099' }, /FIREBASE_PROJECT_ID/],
  ])('rejects an incomplete configuration: %j', (variables, correction) => {
    expect(problemsOf({ ...CLUSTER, ...(variables as Record<string, string>) })).toEqual([
      expect.stringMatching(correction),
    ]);
  });

  it('allows another host than loopback only if nobody can make tokens', () => {
    const firebase = { FIREBASE_PROJECT_ID: 'p', FIREBASE_API_KEY: 'public', HOST: '0.0.0.0' };
    expect(parseConfig(firebase).host).toBe('0.0.0.0');
    expect(problemsOf({ ...firebase, FIREBASE_AUTH_EMULATOR_HOST: '127.0.0.1:9099' })).toEqual([
      expect.stringMatching(/^HOST must be/),
    ]);
  });
});

it.each(['127.0.0.1', '::1', 'localhost'])('accepts the loopback address %s', (host) => {
  expect(parseConfig({ HOST: host }).host).toBe(host);
});
