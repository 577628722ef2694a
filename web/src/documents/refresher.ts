export interface Refresher {
  /**
   * Refreshes at once, or `cooldownMs` after the last response. Sends one request at a time: a call
   * during a request causes one more afterwards.
   */
  request(): void;
  stop(): void;
}

/**
 * Requests data again after events that do not contain it, such as counts and the order of a page.
 * Sends nothing without an event.
 */
export function createRefresher(refresh: () => Promise<unknown>, cooldownMs = 300): Refresher {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isRunning = false;
  let needsRerun = false;
  let isStopped = false;
  let respondedAt = Number.NEGATIVE_INFINITY;

  async function run() {
    timer = undefined;
    isRunning = true;
    // The component shows the failure; the next event or a reconnect refreshes again.
    await refresh().catch(() => undefined);
    isRunning = false;
    respondedAt = performance.now();
    if (needsRerun) request();
  }
  function request() {
    needsRerun = isRunning;
    if (isStopped || isRunning) return;
    timer ??= setTimeout(
      () => void run(),
      Math.max(0, respondedAt + cooldownMs - performance.now()),
    );
  }
  return {
    request,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
