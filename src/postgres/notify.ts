import type { Database } from './database.js';

export const OUTBOX_CHANNEL = 'docstream_outbox';
const DEBOUNCE_MS = 5;

/** Tells the relays, after a commit, that the outbox has rows. One notification serves many commits; one that is lost costs the relay's tick. */
export function createOutboxNotifier({ database }: { database: Database }): { notify(): void; stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<unknown> = Promise.resolve();

  function send(): void {
    timer = undefined;
    sending = database.query(`select pg_notify('${OUTBOX_CHANNEL}', '')`).catch(() => undefined);
  }

  return {
    notify: () => {
      timer ??= setTimeout(send, DEBOUNCE_MS);
    },
    stop: async () => {
      clearTimeout(timer);
      await sending;
    },
  };
}
