/**
 * Watchers that are written to in one turn of the event loop: each of them may run a query and
 * write to a socket.
 */
const WATCHERS_PER_TURN = 100;

/**
 * Returns a function that does something to each watcher of a channel. To many watchers it is done
 * in slices, a turn of the event loop each, so that one change with thousands of watchers leaves
 * the loop to others. Every watcher is given everything, in order: what comes during a round waits
 * for the next one. Whoever joins during a round reads the state after it has joined, which
 * contains what the round is about.
 */
export function createDelivery<Watcher>(
  watchers: ReadonlySet<Watcher>,
): (act: (watcher: Watcher) => void) => void {
  let waiting: ((watcher: Watcher) => void)[] = [];
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    while (waiting.length > 0) {
      const round = waiting;
      waiting = [];
      await deliver(round, [...watchers]);
    }
    isRunning = false;
  }

  return (act) => {
    if (!isRunning && watchers.size <= WATCHERS_PER_TURN) return watchers.forEach(act);
    waiting.push(act);
    if (!isRunning) void run();
  };
}

async function deliver<Watcher>(
  round: readonly ((watcher: Watcher) => void)[],
  watchers: readonly Watcher[],
): Promise<void> {
  for (let start = 0; start < watchers.length; start += WATCHERS_PER_TURN) {
    for (const watcher of watchers.slice(start, start + WATCHERS_PER_TURN)) {
      for (const act of round) act(watcher);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
