/**
 * npm run public-names -- COMMIT: compares the names that clients, other teams and operators rely on
 * with those of another commit. A name may be added. A name that is gone, and a schema or an
 * AsyncAPI document that differs in more than its descriptions, is reported and fails the command.
 *
 * The names are read from the sources as text, so that commits can be compared without a build.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { buildSchema, lexicographicSortSchema, parse, print, visit, printSchema } from 'graphql';
import { parse as parseYaml } from 'yaml';

/** The keys of an AsyncAPI document that hold prose. */
const PROSE = new Set(['description', 'summary', 'title']);

const git = (...args) =>
  execFileSync('git', args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });

const [commit] = process.argv.slice(2);
if (commit === undefined) {
  process.stderr.write('Name the commit to compare with: npm run public-names -- COMMIT\n');
  process.exit(1);
}

const before = readNames(
  (path) => git('show', `${commit}:${path}`),
  git('ls-tree', '-r', '--name-only', commit).trim().split('\n'),
);
const now = readNames(
  (path) => readFileSync(path, 'utf8'),
  git('ls-files')
    .trim()
    .split('\n')
    .filter((path) => existsSync(path)),
);

let failures = 0;
for (const [kind, names] of Object.entries(before)) {
  const gone = [...names].filter((name) => !now[kind].has(name));
  const added = [...now[kind]].filter((name) => !names.has(name));
  failures += gone.length;
  process.stdout.write(
    `${gone.length === 0 ? 'ok    ' : 'FAILED'} ${kind.padEnd(28)} ${names.size} names, ${added.length} added, ${gone.length} gone\n`,
  );
  for (const name of gone) process.stdout.write(`         gone:  ${name}\n`);
  for (const name of added) process.stdout.write(`         added: ${name}\n`);
}
process.exitCode = failures === 0 ? 0 : 1;

/** Returns one set of names for each kind of contract. */
function readNames(read, paths) {
  const sources = paths
    .filter((path) => /^(src|consumers)\/.*\.ts$/.test(path))
    .map((path) => read(path));
  const text = sources.join('\n');
  const packageJson = JSON.parse(read('package.json'));
  return {
    'GraphQL, line by line': new Set(toSchemaLines(read('schema.graphql'))),
    'AsyncAPI, value by value': new Set(
      toLeaves(parseYaml(read('asyncapi.yaml')), 'asyncapi', PROSE),
    ),
    'environment variables': matches(read('.env.example'), /^#? ?([A-Z][A-Z\d_]+=.*)$/gm),
    metrics: matches(text, /\b(docstream_[a-z\d_]+)/g),
    routes: matches(
      text,
      /\b(?:router|sockets|webSockets|\))\s*\.(?:get|post|put|patch|delete|use|set)\(\s*('\/[^']*')/gi,
    ),
    'error codes': matches(read('src/errors.ts'), /^ {2}([A-Z][A-Z_]+): (?:\d{3}|true|false),$/gm),
    'close codes': matches(text, /\b(44\d\d|10(?:09|11|12|13))\b/g),
    'topics and groups': matches(text, /'(docstream[.-][a-z\d.-]+)'/g),
    migrations: new Set(
      paths
        .filter((path) => path.startsWith('src/postgres/migrations/'))
        .map((path) => path.replace(/^.*\//, '')),
    ),
    'npm scripts': new Set(Object.keys(packageJson.scripts)),
    'released messages': new Set(
      paths
        .filter((path) => path.startsWith('asyncapi/released/'))
        .map((path) => `${path} ${createHash('sha256').update(read(path)).digest('hex')}`),
    ),
  };
}

function matches(text, pattern) {
  return new Set([...text.matchAll(pattern)].map(([, name]) => name.trim()));
}

/** Returns `Type.field(arguments): Type` and the like, one for each line of the printed schema. */
function toSchemaLines(text) {
  const bare = visit(parse(text), {
    enter: (node) => (node.description ? { ...node, description: undefined } : undefined),
  });
  let type = '';
  return printSchema(lexicographicSortSchema(buildSchema(print(bare))))
    .split('\n')
    .map((line) => {
      if (/^\S.*\{$/.test(line)) type = line;
      return /^\s/.test(line) ? `${type} ${line.trim()}` : line;
    })
    .filter((line) => line !== '' && line !== '}');
}

/** Returns `path: value` of every leaf, without the keys that hold prose. */
function toLeaves(value, path, proseKeys) {
  if (value === null || typeof value !== 'object') return [`${path}: ${JSON.stringify(value)}`];
  return Object.entries(value)
    .filter(([key, child]) => !(proseKeys.has(key) && typeof child === 'string'))
    .flatMap(([key, child]) => toLeaves(child, `${path}.${key}`, proseKeys));
}
