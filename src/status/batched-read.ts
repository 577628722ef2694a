/**
 * Many watchers are served by one database read, but only those that asked before it began: a read
 * that is already under way may have looked too early for a newcomer.
 */
export function createBatchedRead<Value>(
  read: (keys: string[]) => Promise<Map<string, Value>>,
): (key: string) => Promise<Value | null> {
  let waiting: { keys: Set<string>; result: Promise<Map<string, Value>> } | undefined;

  function join(): { keys: Set<string>; result: Promise<Map<string, Value>> } {
    const keys = new Set<string>();
    const begun = new Promise<void>((resolve) => setImmediate(resolve));
    const result = begun.then(() => {
      waiting = undefined;
      return read([...keys]);
    });
    return { keys, result };
  }

  return async (key) => {
    waiting ??= join();
    waiting.keys.add(key);
    return (await waiting.result).get(key) ?? null;
  };
}
