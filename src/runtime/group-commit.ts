import { setImmediate } from 'node:timers/promises';

/** Writes one batch. Returns one result for each item, in the order of the items. */
export type WriteBatch<Item, Result> = (batch: readonly Item[]) => Promise<readonly Result[]>;

interface PendingItem<Item, Result> {
  item: Item;
  result: PromiseWithResolvers<Result>;
}

/**
 * Returns a function that writes items by group commit: items that arrive while a batch is written
 * form the next batch. So a single item does not wait for others, and a thousand concurrent items
 * cost a few commits. If a batch fails, all of its items fail.
 */
export function createGroupCommit<Item, Result>(
  maxBatch: number,
  write: WriteBatch<Item, Result>,
): (item: Item) => Promise<Result> {
  const pending: PendingItem<Item, Result>[] = [];
  let isWriting = false;

  async function writeAll(): Promise<void> {
    isWriting = true;
    while (pending.length > 0) {
      // Waits for the end of this turn of the event loop, so that items of one turn share a batch.
      await setImmediate();
      await writeBatch(pending.splice(0, maxBatch), write);
    }
    isWriting = false;
  }

  return (item) => {
    const result = Promise.withResolvers<Result>();
    pending.push({ item, result });
    if (!isWriting) void writeAll();
    return result.promise;
  };
}

async function writeBatch<Item, Result>(
  batch: readonly PendingItem<Item, Result>[],
  write: WriteBatch<Item, Result>,
): Promise<void> {
  try {
    const results = await write(batch.map(({ item }) => item));
    if (results.length !== batch.length)
      throw new RangeError(`${batch.length} items have ${results.length} results`);
    for (const [index, { result }] of batch.entries()) result.resolve(results[index] as Result);
  } catch (error) {
    for (const { result } of batch) result.reject(error);
  }
}
