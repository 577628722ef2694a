import { backoffMs } from './backoff.js';

/*
 *   connecting ──► live ──► waiting ──► retrying ──► live
 *        └────────────────────▲  └────────┘
 *
 * waiting: the line is down and the next try stands in the calendar; retrying: that try is under way.
 */
export type ConnectionState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'live' }
  | { readonly phase: 'waiting'; readonly nextTryAt: number; readonly attempt: number }
  | { readonly phase: 'retrying'; readonly attempt: number };

export interface Connection {
  get(): ConnectionState;
  subscribe(listener: () => void): () => void;
  /** The line stands. After an outage it calls every `onBack` listener once. */
  live(): void;
  /**
   * Ends before the next try: after the backoff, or at once when the browser is online again, the
   * tab is looked at, or a person asks.
   */
  waitForTry(attempt: number): Promise<void>;
  tryNow(): void;
  onBack(listener: () => void): () => void;
  dispose(): void;
}

/** What the page knows about its one live line, whichever protocol keeps it. */
export function createConnection(wait = backoffMs): Connection {
  let state: ConnectionState = { phase: 'connecting' };
  let wasLost = false;
  let wake: (() => void) | undefined;
  const listeners = new Set<() => void>();
  const backListeners = new Set<() => void>();

  const set = (next: ConnectionState) => {
    state = next;
    for (const listener of listeners) listener();
  };
  const tryNow = () => wake?.();
  const whenLookedAt = () => {
    if (document.visibilityState === 'visible') tryNow();
  };
  // Unit tests run where there is no window; a page always has one.
  const inPage = typeof window !== 'undefined';
  if (inPage) {
    window.addEventListener('online', tryNow);
    document.addEventListener('visibilitychange', whenLookedAt);
  }

  return {
    get: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    live: () => {
      set({ phase: 'live' });
      if (!wasLost) return;
      wasLost = false;
      for (const listener of backListeners) listener();
    },
    waitForTry: (attempt) =>
      new Promise((resolve) => {
        wasLost = true;
        const delayMs = wait(attempt);
        const end = () => {
          clearTimeout(timer);
          wake = undefined;
          set({ phase: 'retrying', attempt });
          resolve();
        };
        const timer = setTimeout(end, delayMs);
        wake = end;
        set({ phase: 'waiting', nextTryAt: Date.now() + delayMs, attempt });
      }),
    tryNow,
    onBack: (listener) => {
      backListeners.add(listener);
      return () => backListeners.delete(listener);
    },
    dispose: () => {
      if (!inPage) return;
      window.removeEventListener('online', tryNow);
      document.removeEventListener('visibilitychange', whenLookedAt);
    },
  };
}
