/**
 * Work that is done over and over until there is none: one run at a time, started by a signal or by
 * its own tick, whichever comes first. A signal during a run makes another one follow it. A failed
 * run is logged and tried again with the next tick.
 */
export interface BackgroundTask {
  start(): void;
  wake(): void;
  stop(): Promise<void>;
}

interface Options {
  name: string;
  /** Answers whether there may be more to do at once. */
  run: () => Promise<boolean>;
  tickMs: number;
  logger: { warn(fields: object, message: string): void };
}

export function createBackgroundTask({ name, run, tickMs, logger }: Options): BackgroundTask {
  let tick: NodeJS.Timeout | undefined;
  let current: Promise<void> | undefined;
  let again = false;

  async function runUntilIdle(): Promise<void> {
    do {
      again = false;
      const more = await run().catch((error: unknown) => {
        logger.warn({ err: error, task: name }, 'a background task has failed; it is tried again');
        return false;
      });
      again ||= more;
    } while (again && tick !== undefined);
  }

  function wake(): void {
    again = true;
    if (tick === undefined || current) return;
    current = runUntilIdle().finally(() => {
      current = undefined;
      // A signal can come between the last look and this line.
      if (again) wake();
    });
  }

  return {
    start: () => {
      tick = setInterval(wake, tickMs);
      wake();
    },
    wake,
    stop: async () => {
      clearInterval(tick);
      tick = undefined;
      await current;
    },
  };
}
