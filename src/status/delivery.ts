/**
 * The number of watchers that receive events in one turn of the event loop. Each of them may run a
 * query and write to a socket.
 */
const WATCHERS_PER_TURN = 100;

type Action<Watcher> = (watcher: Watcher) => void;

/**
 * Returns a function that applies an action to every watcher of a channel. With more than
 * WATCHERS_PER_TURN watchers it works in slices, one turn of the event loop each, so that a change
 * with thousands of watchers does not block the process.
 *
 * Every watcher gets every action, in order: actions that arrive during a round wait for the next
 * one. A watcher that joins during a round reads the state after it has joined, and that state
 * includes what the round delivers.
 */
export function createDelivery<Watcher>(
  watchers: ReadonlySet<Watcher>,
): (action: Action<Watcher>) => void {
  let queue: Action<Watcher>[] = [];
  let isRunning = false;

  async function run(): Promise<void> {
    isRunning = true;
    while (queue.length > 0) {
      const round = queue;
      queue = [];
      await deliver(round, [...watchers]);
    }
    isRunning = false;
  }

  return (action) => {
    if (!isRunning && watchers.size <= WATCHERS_PER_TURN) return watchers.forEach(action);
    queue.push(action);
    if (!isRunning) void run();
  };
}

async function deliver<Watcher>(
  round: readonly Action<Watcher>[],
  watchers: readonly Watcher[],
): Promise<void> {
  for (let start = 0; start < watchers.length; start += WATCHERS_PER_TURN) {
    for (const watcher of watchers.slice(start, start + WATCHERS_PER_TURN)) {
      for (const action of round) action(watcher);
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
