import { setImmediate } from 'node:timers/promises';

/** Writes one batch; answers item by item, in their order. */
export type WriteBatch<Item, Result> = (batch: readonly Item[]) => Promise<readonly Result[]>;

interface Waiting<Item, Result> {
  item: Item;
  settle: PromiseWithResolvers<Result>;
}

/**
 * Group commit: while one batch is being written the next items gather, so that a single item never
 * waits for others and a thousand at once cost a few commits. A batch that fails fails all its
 * items.
 */
export function createGroupCommit<Item, Result>(
  maxBatch: number,
  write: WriteBatch<Item, Result>,
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = [];
  let writing = false;

  async function writeAll(): Promise<void> {
    writing = true;
    while (waiting.length > 0) {
      // To the end of this turn of the loop: what the system has told us together goes together,
      // and fewer batches cost less.
      await setImmediate();
      await writeBatch(waiting.splice(0, maxBatch), write);
    }
    writing = false;
  }

  return (item) => {
    const settle = Promise.withResolvers<Result>();
    waiting.push({ item, settle });
    if (!writing) void writeAll();
    return settle.promise;
  };
}

async function writeBatch<Item, Result>(
  batch: readonly Waiting<Item, Result>[],
  write: WriteBatch<Item, Result>,
): Promise<void> {
  try {
    const results = await write(batch.map(({ item }) => item));
    if (results.length !== batch.length)
      throw new RangeError(`${batch.length} items have ${results.length} answers`);
    for (const [position, { settle }] of batch.entries())
      settle.resolve(results[position] as Result);
  } catch (error) {
    for (const { settle } of batch) settle.reject(error);
  }
}
