export interface Refresher {
  /**
   * Something changed: ask again, at once after a calm time, else `quietMs` after the last answer.
   * Never asks twice at the same time.
   */
  request(): void;
  stop(): void;
}

/**
 * Events say that something changed; where the answer is more than the event holds (counts, the
 * order of a page), it is asked for again. Only after events: while nothing happens, nothing is
 * asked.
 */
export function createRefresher(refresh: () => Promise<unknown>, quietMs = 300): Refresher {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let again = false;
  let stopped = false;
  let answeredAt = Number.NEGATIVE_INFINITY;

  const run = async () => {
    timer = undefined;
    running = true;
    // A failure is shown where the answer is shown, and the next event or the return of the line
    // asks again.
    await refresh().catch(() => undefined);
    running = false;
    answeredAt = performance.now();
    if (again) request();
  };
  const request = () => {
    again = running;
    if (stopped || running) return;
    timer ??= setTimeout(() => void run(), Math.max(0, answeredAt + quietMs - performance.now()));
  };
  return {
    request,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
