import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { KNOWN_VARIABLES, parseConfig } from '../../src/config.js';

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const example = read('.env.example');
const variables = parseEnv(example) as Record<string, string>;

const known = KNOWN_VARIABLES;
describe('.env.example', () => {
  it('contains exactly the variables that config.ts reads', () => {
    expect(known.length).toBeGreaterThan(0);
    expect(Object.keys(variables).sort()).toEqual([...known].sort());
  });

  it('changes nothing as a copy named .env', () => {
    expect(parseConfig(variables)).toEqual(parseConfig({}));
  });

  it('explains every variable in the line above', () => {
    const lines = example.split('\n');
    const unexplained = lines.filter(
      (line, index) => /^[A-Z_]+=/.test(line) && !/^# \S/.test(lines[index - 1] ?? ''),
    );
    expect(unexplained).toEqual([]);
  });

  it('leaves a variable empty only if it has no default or the machine decides', () => {
    const empty = Object.keys(variables).filter((name) => variables[name] === '');
    const machine = ['EMBEDDER_THREADS'];
    const switches = [
      'DATABASE_URL',
      'KAFKA_BROKERS',
      'REDIS_URL',
      'WEAVIATE_URL',
      'COHERE_API_KEY',
      'FIREBASE_PROJECT_ID',
      'BLOB_URL',
    ];
    const optional = ['COHERE_RERANK_MODEL'];
    const secrets = ['KAFKA_USERNAME', 'KAFKA_PASSWORD', 'WEAVIATE_API_KEY', 'OPERATIONS_TOKEN'];
    const firebase = ['FIREBASE_API_KEY', 'FIREBASE_AUTH_DOMAIN', 'FIREBASE_AUTH_EMULATOR_HOST'];
    expect(empty.sort()).toEqual(
      [
        'CORS_ORIGIN',
        'DEV_ADMINS',
        ...machine,
        ...switches,
        ...optional,
        ...secrets,
        ...firebase,
      ].sort(),
    );
  });
});
