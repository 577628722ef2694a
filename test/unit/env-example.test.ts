import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { parseConfig } from '../../src/config.js';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const example = read('.env.example');
const variables = parseEnv(example) as Record<string, string>;
const source = read('src/config.ts');

/** Keys of the schema, one a line. */
const known = [...source.matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map((match) => match[1] ?? '');
/** Elements of the list of variables that this version refuses. */
const refused = [...source.matchAll(/^ {2}'([A-Z][A-Z_]+)',$/gm)].map((match) => match[1] ?? '');

describe('.env.example', () => {
  it('holds every variable that config.ts reads, and no other', () => {
    expect(known.length).toBeGreaterThan(0);
    expect(Object.keys(variables).sort()).toEqual([...known].sort());
  });

  it('changes nothing when it is copied to .env', () => {
    expect(parseConfig(variables)).toEqual(parseConfig({}));
  });

  it('explains every variable in the line above it', () => {
    const lines = example.split('\n');
    const unexplained = lines.filter((line, index) => /^[A-Z_]+=/.test(line) && !/^# \S/.test(lines[index - 1] ?? ''));
    expect(unexplained).toEqual([]);
  });

  it('leaves a variable empty only where there is no default, or the machine decides', () => {
    const empty = Object.keys(variables).filter((name) => variables[name] === '');
    const machine = ['EMBEDDER_THREADS', 'EXTRACTION_PROCESSES'];
    expect(empty.sort()).toEqual(['CORS_ORIGIN', 'DEV_ADMINS', ...machine, 'OPERATIONS_TOKEN'].sort());
  });

  it('names the variables that this version refuses', () => {
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.filter((name) => !new RegExp(`^#.*\\b${name}\\b`, 'm').test(example))).toEqual([]);
  });
});
