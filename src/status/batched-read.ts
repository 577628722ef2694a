interface Batch<Value> {
  keys: Set<string>;
  result: Promise<Map<string, Value>>;
}

/**
 * Returns a function that reads one value by its key, or null if there is none. All keys requested
 * in one turn of the event loop share one call of `read`. A request never joins a read that has
 * already started: that read may miss a change that the caller relies on seeing.
 */
export function createBatchedRead<Value>(
  read: (keys: string[]) => Promise<Map<string, Value>>,
): (key: string) => Promise<Value | null> {
  let nextBatch: Batch<Value> | undefined;

  function openBatch(): Batch<Value> {
    const keys = new Set<string>();
    const turnEnd = new Promise<void>((resolve) => setImmediate(resolve));
    const result = turnEnd.then(() => {
      nextBatch = undefined;
      return read([...keys]);
    });
    return { keys, result };
  }

  return async (key) => {
    nextBatch ??= openBatch();
    nextBatch.keys.add(key);
    return (await nextBatch.result).get(key) ?? null;
  };
}
