export interface Refresher {
  /** Something changed: ask again soon. Called often, it asks at most once per `quietMs`, and never twice at the same time. */
  request(): void;
  stop(): void;
}

/**
 * Events say that something changed; where the answer is more than the event holds (counts, the order of a page), it is asked for
 * again. Only after events: while nothing happens, nothing is asked.
 */
export function createRefresher(refresh: () => Promise<unknown>, quietMs = 400): Refresher {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let again = false;
  let stopped = false;

  const run = async () => {
    timer = undefined;
    running = true;
    // A failure is shown where the answer is shown, and the next event or the return of the line asks again.
    await refresh().catch(() => undefined);
    running = false;
    if (again) request();
  };
  const request = () => {
    again = running;
    if (stopped || running) return;
    timer ??= setTimeout(() => void run(), quietMs);
  };
  return {
    request,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
