import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gql } from './client.js';
import { countUnfinished, newUser } from './documents.js';
import { isRunning } from './processes.js';
import { startProduct, type Product, type ProductOptions } from './product.js';
import { eventually, within } from './wait.js';

export interface SharedProduct {
  readonly url: string;
  readonly product: Product;
  /** Returns the token of a user of this test only. */
  newUser(name?: string): string;
  /** Returns the stored files, including incomplete ones. */
  blobs(): Promise<string[]>;
}

const RESPONSE_MS = 10_000;
const FINISHED_MS = 90_000;

/**
 * Shares one product between all tests of a file. After each test it must be the same process,
 * respond, and have no unfinished document of that test. Call it at the top of a test file.
 */
export function shareProduct(options: ProductOptions = {}): SharedProduct {
  const users = new Set<string>();
  let running: Product | undefined;
  let pid = 0;

  const product = (): Product => {
    if (running === undefined)
      throw new Error('the product starts in beforeAll; use it in tests only');
    return running;
  };

  beforeAll(async () => {
    running = await startProduct(options);
    pid = running.pid;
  });

  afterEach(async () => {
    const { url } = product();
    expect(product().pid).toBe(pid);
    if (!(await isRunning(pid)))
      throw new Error(`the product has exited\n${product().logs().slice(-4_000)}`);
    await within(
      gql(url, newUser(), '{ viewer { id } }'),
      RESPONSE_MS,
      'a response after the test',
    );
    const finished = async () =>
      (await Promise.all([...users].map((user) => countUnfinished(url, user)))).every(
        (count) => count === 0,
      );
    await eventually(finished, {
      timeoutMs: FINISHED_MS,
      everyMs: 100,
      what: 'the end of everything unfinished',
    });
    users.clear();
  });

  return {
    get url() {
      return product().url;
    },
    get product() {
      return product();
    },
    newUser: (name) => {
      const token = newUser(name);
      users.add(token);
      return token;
    },
    blobs: async () => (await readdir(join(product().dataDir, 'blobs'))).sort(),
  };
}
