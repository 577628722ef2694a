import type { Database } from './database.js';

export const OUTBOX_CHANNEL = 'docstream_outbox';
const QUIET_MS = 25;

/**
 * Tells the relays, after a commit, that the outbox has rows: at once, and then not again for a
 * moment, so that one notification serves the commits of a crowd. One that is lost costs the
 * relay's tick.
 */
export function createOutboxNotifier({ database }: { database: Database }): {
  notify(): void;
  stop(): Promise<void>;
} {
  let quiet: NodeJS.Timeout | undefined;
  let again = false;
  let sending: Promise<unknown> = Promise.resolve();

  function send(): void {
    again = false;
    sending = database.query(`select pg_notify('${OUTBOX_CHANNEL}', '')`).catch(() => undefined);
    quiet = setTimeout(() => {
      quiet = undefined;
      if (again) send();
    }, QUIET_MS);
  }

  return {
    notify: () => {
      again = true;
      if (!quiet) send();
    },
    stop: async () => {
      clearTimeout(quiet);
      await sending;
    },
  };
}
