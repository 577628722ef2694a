import { availableParallelism } from 'node:os';
import { SWC_OPTIONS } from './scripts/launch/swc-options.mjs';

/**
 * Unit tests run the sources. Contract, integration, cluster and end-to-end tests run the build
 * (`npm test` builds first), because the product starts worker threads and processes of its own.
 */
const project = (name, more = {}) => ({
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  runner: '<rootDir>/test/support/parallel-runner.cjs',
  extensionsToTreatAsEsm: ['.ts'],
  // 'js' first: a package that ships its sources beside its build must be loaded from its build.
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'ts', 'tsx', 'json', 'node'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', SWC_OPTIONS] },
  transformIgnorePatterns: ['/node_modules/', '<rootDir>/dist/'],
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  ...more,
});

/** Each file may start a product of about 500 MB. */
const MAX_WORKERS = 4;

/** Servers for both projects, started once and stopped at the end of the run. */
const withServices = {
  globalSetup: '<rootDir>/test/support/start-services.mjs',
  globalTeardown: '<rootDir>/test/support/stop-services.mjs',
};
const withProducts = { setupFilesAfterEnv: ['<rootDir>/test/support/stop-products.ts'] };

export default {
  // Jest reads both here only, not in a project.
  testTimeout: 120_000,
  // By default Jest leaves one core idle: on two cores it would run one file at a time.
  maxWorkers: Math.min(MAX_WORKERS, availableParallelism()),
  projects: [
    project('unit'),
    project('contract', withProducts),
    project('e2e', withProducts),
    project('integration', { ...withProducts, ...withServices }),
    project('cluster', { ...withProducts, ...withServices }),
  ],
};
