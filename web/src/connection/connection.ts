import { createEmitter, createStore, type Readable } from '../ui/store.js';
import { backoffMs } from './backoff.js';

/*
 *   connecting ──► live ──► waiting ──► retrying ──► live
 *        └────────────────────▲  └────────┘
 *
 * waiting: the connection is lost and an attempt is scheduled; retrying: that attempt is running.
 */
export type ConnectionState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'live' }
  | { readonly phase: 'waiting'; readonly nextRetryAt: number; readonly attempt: number }
  | { readonly phase: 'retrying'; readonly attempt: number };

/** The state of the page's one live connection, whichever protocol keeps it. */
export interface Connection extends Readable<ConnectionState> {
  /** Reports an open connection. Notifies every `onReconnected` listener after an outage. */
  live(): void;
  /**
   * Resolves when the next attempt is due: after the backoff, or at once if the browser is online
   * again, the tab becomes visible, or a person calls `retryNow`.
   */
  waitForRetry(attempt: number): Promise<void>;
  retryNow(): void;
  onReconnected(listener: () => void): () => void;
  dispose(): void;
}

export function createConnection(delayMsOf = backoffMs): Connection {
  let wasLost = false;
  let endWait: (() => void) | undefined;
  const { get, set, subscribe } = createStore<ConnectionState>({ phase: 'connecting' });
  const reconnected = createEmitter<undefined>();

  const retryNow = () => endWait?.();
  const removeBrowserListeners = listenToBrowser(retryNow);

  return {
    get,
    subscribe,
    live: () => {
      set({ phase: 'live' });
      if (!wasLost) return;
      wasLost = false;
      reconnected.emit(undefined);
    },
    waitForRetry: (attempt) =>
      new Promise((resolve) => {
        wasLost = true;
        const delayMs = delayMsOf(attempt);
        const end = () => {
          clearTimeout(timer);
          endWait = undefined;
          set({ phase: 'retrying', attempt });
          resolve();
        };
        const timer = setTimeout(end, delayMs);
        endWait = end;
        set({ phase: 'waiting', nextRetryAt: Date.now() + delayMs, attempt });
      }),
    retryNow,
    onReconnected: (listener) => reconnected.on(listener),
    dispose: removeBrowserListeners,
  };
}

/** Calls `onReturn` when the network is back and when the tab becomes visible. */
function listenToBrowser(onReturn: () => void): () => void {
  // Unit tests run without a window.
  if (typeof window === 'undefined') return () => undefined;
  function onVisibilityChange() {
    if (document.visibilityState === 'visible') onReturn();
  }
  window.addEventListener('online', onReturn);
  document.addEventListener('visibilitychange', onVisibilityChange);
  return () => {
    window.removeEventListener('online', onReturn);
    document.removeEventListener('visibilitychange', onVisibilityChange);
  };
}
