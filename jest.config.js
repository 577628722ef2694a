/**
 * Unit tests run the sources. Contract, integration, cluster and end-to-end tests run what was
 * built (`npm test` builds first), since the product starts worker threads and processes of its
 * own.
 */
const project = (name, more = {}) => ({
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  // 'js' first: a package that ships its sources beside its build must be loaded from its build.
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'tsx', 'json', 'node'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  transformIgnorePatterns: ['/node_modules/', '<rootDir>/dist/'],
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  ...more,
});

const swc = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2023',
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

const SERIAL = { runner: '<rootDir>/test/support/serial-runner.cjs' };
/** Started once for both projects, and ended with the run. */
const withServices = {
  globalSetup: '<rootDir>/test/support/start-services.mjs',
  globalTeardown: '<rootDir>/test/support/stop-services.mjs',
};
const withProducts = { setupFilesAfterEnv: ['<rootDir>/test/support/stop-products.ts'] };

export default {
  // Jest heeds this here only, not in a project.
  testTimeout: 120_000,
  projects: [
    project('unit'),
    project('contract', withProducts),
    project('e2e', { ...withProducts, ...SERIAL }),
    project('integration', { ...withProducts, ...withServices, ...SERIAL }),
    project('cluster', { ...withProducts, ...withServices, ...SERIAL }),
  ],
};
