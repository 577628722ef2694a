/**
 * Returns a function that reads by key and shares the result. At most one read of a key runs at a
 * time; all requests that arrive while it runs share the next one. A request never joins a read
 * that has already started: that read may miss a change that the caller relies on seeing.
 */
export function createSharedRead<Value>(
  read: (key: string) => Promise<Value>,
): (key: string) => Promise<Value> {
  const next = new Map<string, Promise<Value>>();
  const running = new Map<string, Promise<unknown>>();

  async function startRead(key: string): Promise<Value> {
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
    const shared = next.get(key) ?? startRead(key);
    next.set(key, shared);
    return shared;
  };
}
