/**
 * Returns a function that reads by key, once for all who ask before the read begins. Of one key a
 * single read is under way at a time; who asks meanwhile shares the next one, because the read
 * under way may have looked too early for a newcomer.
 */
export function createSharedRead<Value>(
  read: (key: string) => Promise<Value>,
): (key: string) => Promise<Value> {
  const next = new Map<string, Promise<Value>>();
  const running = new Map<string, Promise<unknown>>();

  async function start(key: string): Promise<Value> {
    await (running.get(key) ?? new Promise<void>((resolve) => setImmediate(resolve)));
    next.delete(key);
    const value = read(key);
    const ended = value
      .catch(() => undefined)
      .finally(() => running.get(key) === ended && running.delete(key));
    running.set(key, ended);
    return value;
  }

  return (key) => {
    const shared = next.get(key) ?? start(key);
    next.set(key, shared);
    return shared;
  };
}
