import type { Database } from './database.js';

export const OUTBOX_CHANNEL = 'docstream_outbox';
const COOLDOWN_MS = 25;

/**
 * Notifies the relays after a commit that the outbox has rows. The first notification is sent at
 * once; all others within the cool-down share one at its end, so that many commits cost few
 * notifications. A lost notification delays the rows until the relay's next tick.
 */
export function createOutboxNotifier({ database }: { database: Database }): {
  notify(): void;
  stop(): Promise<void>;
} {
  let cooldown: NodeJS.Timeout | undefined;
  let isRequested = false;
  let sending: Promise<unknown> = Promise.resolve();

  function send(): void {
    isRequested = false;
    sending = database.query(`select pg_notify('${OUTBOX_CHANNEL}', '')`).catch(() => undefined);
    cooldown = setTimeout(() => {
      cooldown = undefined;
      if (isRequested) send();
    }, COOLDOWN_MS);
  }

  return {
    notify: () => {
      isRequested = true;
      if (!cooldown) send();
    },
    stop: async () => {
      clearTimeout(cooldown);
      await sending;
    },
  };
}
