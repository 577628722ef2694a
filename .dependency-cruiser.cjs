/** The import rules of docs/architecture.md. Test code is exempt: it may know everything. */
const ADAPTERS = 'postgres|kafka|redis|weaviate|cohere|firebase|in-process|blobs|extraction';

/** Entries, and what puts the parts together. */
const COMPOSITION = '^src/(main|rebuild|run-process|app)\\.ts$|^src/app/';

/** The files of runtime/ that use no library. */
const PURE_RUNTIME =
  '^src/runtime/(background-task|clock|deadline|group-commit|logger|replay)\\.ts$';

/** A driver is imported in these folders of src/ and nowhere else. */
const DRIVERS = {
  '@mikro-orm|pg': 'postgres',
  '@electric-sql|@energetic-ai': 'in-process',
  kafkajs: 'kafka',
  'ioredis|graphql-redis-subscriptions': 'redis',
  'weaviate-ts-client|weaviate-client': 'weaviate',
  'cohere-ai': 'cohere',
  'firebase-admin': 'firebase',
  'flydrive|@aws-sdk|@google-cloud': 'blobs',
  'pdfjs-dist|htmlparser2|yauzl|file-type': 'extraction',
  'express|cors|helmet|ws|graphql-ws|graphql-sse|@as-integrations|@apollo/server|graphql-upload-minimal':
    'api',
  'type-graphql': 'api/graphql',
  pino: 'runtime',
  'prom-client': 'metrics',
};

const driverRules = Object.entries(DRIVERS).map(([packages, folders]) => ({
  name: `driver-${packages.split('|')[0]}-in-its-folder`,
  severity: 'error',
  comment: `${packages} is the business of src/${folders} alone.`,
  from: { path: '^(src|consumers)/', pathNot: `^src/(${folders})/` },
  to: { path: `node_modules/(${packages})(/|$)` },
}));

module.exports = {
  forbidden: [
    {
      name: 'documents-is-pure',
      severity: 'error',
      comment: 'What the product does knows no library and no adapter.',
      from: { path: '^src/documents/' },
      to: {
        pathNot: ['^src/documents/', '^src/errors\\.ts$', PURE_RUNTIME],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'runtime-knows-errors-only',
      severity: 'error',
      from: { path: '^src/runtime/' },
      to: { path: '^src/', pathNot: ['^src/runtime/', '^src/errors\\.ts$'] },
    },
    {
      name: 'errors-knows-nothing',
      severity: 'error',
      from: { path: '^src/errors\\.ts$' },
      to: {},
    },
    {
      name: 'adapters-do-not-know-each-other',
      severity: 'error',
      from: { path: `^src/(${ADAPTERS})/` },
      to: { path: `^src/(${ADAPTERS})/`, pathNot: '^src/$1/' },
    },
    {
      name: 'adapters-know-ports-messages-and-errors',
      severity: 'error',
      from: { path: `^src/(${ADAPTERS})/` },
      to: { path: `^src/(api|status)/|${COMPOSITION}|^src/config\\.ts$` },
    },
    {
      name: 'authentication-knows-ports-and-errors',
      severity: 'error',
      comment: 'A token is checked in one place, which knows no transport.',
      from: { path: '^src/api/auth/' },
      to: {
        pathNot: ['^src/api/auth/', '^src/documents/', '^src/errors\\.ts$', '^src/runtime/'],
        dependencyTypesNot: ['core'],
      },
    },
    {
      name: 'transports-meet-in-http-and-auth',
      severity: 'error',
      comment:
        'What several transports need lies in api/http or api/auth; these two know none of them.',
      from: { path: '^src/api/(auth|http)/' },
      to: { path: '^src/api/(graphql|rest|ws)/' },
    },
    {
      name: 'transports-do-not-know-each-other',
      severity: 'error',
      from: { path: '^src/api/(graphql|rest|ws)/' },
      to: {
        path: '^src/api/(graphql|rest|ws)/',
        pathNot: ['^src/api/$1/', '^src/api/rest/rest-status\\.ts$'],
      },
    },
    {
      name: 'rate-limits-know-errors-only',
      severity: 'error',
      from: { path: '^src/rate-limit/' },
      to: { pathNot: ['^src/rate-limit/', '^src/errors\\.ts$'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'metrics-wrap-ports-and-know-no-adapter',
      severity: 'error',
      from: { path: '^src/metrics/' },
      to: { path: `^src/(${ADAPTERS}|api|messages)/|${COMPOSITION}|^src/config\\.ts$` },
    },
    {
      name: 'the-status-hub-knows-ports-only',
      severity: 'error',
      from: { path: '^src/status/' },
      to: { path: `^src/(${ADAPTERS}|api)/|${COMPOSITION}|^src/config\\.ts$` },
    },
    {
      name: 'only-the-entry-knows-the-composition',
      severity: 'error',
      from: { path: '^src/', pathNot: COMPOSITION },
      to: { path: COMPOSITION },
    },
    {
      name: 'the-product-does-not-know-its-tests',
      severity: 'error',
      from: { path: '^(src|consumers|web)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'the-page-knows-the-server-by-its-api',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(src|consumers)/' },
    },
    {
      name: 'no-circle',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-folder-circle',
      severity: 'error',
      scope: 'folder',
      comment: 'Two folders that import each other are one folder in two places.',
      from: {},
      to: { circular: true },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...driverRules,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|data|web/src/gql)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.js', '.mjs', '.ts', '.tsx', '.json', '.css'],
    },
    cache: false,
  },
};
