const { default: TestRunner } = require('jest-runner');

/** Test files that measure durations; each runs alone, after all others. */
const TIMED = [
  'contract/embedder.test.ts',
  'e2e/fair-work.test.ts',
  'e2e/hostile-files.test.ts',
  'e2e/search-cost.test.ts',
  'integration/redis-token-bucket.test.ts',
  'unit/body-time.test.ts',
  'unit/document-shape.test.ts',
  'unit/linear-time.test.ts',
  'unit/reading-time.test.ts',
];
/**
 * The project whose files run one after the other: clusters share the topics, the consumer group,
 * the transactional ids and the Weaviate class, because those names are public.
 */
const ONE_BY_ONE = 'cluster';
/**
 * The other projects, those with the longest files first, so that no long file is left at the end.
 */
const ORDER = ['e2e', 'integration', 'contract', 'unit'];

/**
 * Runs test files side by side, as many as Jest has workers, except for those above. Every other
 * file has its own ports, users, data folder, database, topics and keys.
 */
module.exports = class ParallelRunner extends TestRunner {
  #serialRunner;

  constructor(globalConfig, context) {
    super(globalConfig, context);
    this.#serialRunner = new TestRunner({ ...globalConfig, maxWorkers: 1 }, context);
  }

  /** Both runners report to Jest. */
  on(eventName, listener) {
    const removals = [super.on(eventName, listener), this.#serialRunner.on(eventName, listener)];
    return () => removals.forEach((remove) => remove());
  }

  async runTests(tests, watcher, options) {
    if (options.serial) return super.runTests(tests, watcher, options);
    const timed = tests.filter(isTimed);
    const others = tests.filter((test) => !isTimed(test));
    const parallel = others
      .filter((test) => !isOneByOne(test))
      .sort((a, b) => ORDER.indexOf(projectOf(a)) - ORDER.indexOf(projectOf(b)));
    const stopLimiting = this.#limit(this._globalConfig.maxWorkers);
    await Promise.all([
      this.#runSerially(others.filter(isOneByOne), watcher, options),
      parallel.length > 0 && super.runTests(parallel, watcher, options),
    ]);
    stopLimiting();
    await this.#runSerially(timed, watcher, options);
  }

  /** Starts no worker for nothing. */
  #runSerially(tests, watcher, options) {
    return tests.length > 0 ? this.#serialRunner.runTests(tests, watcher, options) : undefined;
  }

  /** Holds back the start of a file, in whichever runner, while `count` files are running. */
  #limit(count) {
    const waiting = [];
    let free = count;
    const acquire = () => {
      if (free === 0) return new Promise((resolve) => waiting.push(resolve));
      free -= 1;
      return undefined;
    };
    const release = () => {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    };
    const removals = [
      this.on('test-file-start', acquire),
      this.on('test-file-success', release),
      this.on('test-file-failure', release),
    ];
    return () => removals.forEach((remove) => remove());
  }
};

function isTimed({ path }) {
  return TIMED.some((file) => path.endsWith(`/test/${file}`));
}

function isOneByOne(test) {
  return projectOf(test) === ONE_BY_ONE;
}

function projectOf({ context }) {
  return context.config.displayName.name;
}
