/**
 * Unit tests run the sources. Contract and end-to-end tests run what was built (`npm test` builds first), since the product starts worker
 * threads and processes of its own.
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

const withProducts = { setupFilesAfterEnv: ['<rootDir>/test/support/stop-products.ts'] };

export default {
  // Jest heeds this here only, not in a project.
  testTimeout: 120_000,
  projects: [
    project('unit'),
    project('contract', withProducts),
    project('e2e', { ...withProducts, runner: '<rootDir>/test/support/serial-runner.cjs' }),
  ],
};
