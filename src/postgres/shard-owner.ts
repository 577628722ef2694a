import type { Client } from 'pg';
import { OUTBOX_SHARDS } from '../messages/topics.js';
import type { Logger } from '../runtime/logger.js';
import { OUTBOX_CHANNEL } from './notify.js';
import { startSession } from './session.js';

/** Key space of the advisory locks that count the running relays. */
const RELAY_LOCKS = 0x646f_6301;
/** Key space of the advisory locks that give a shard to one relay. */
const SHARD_LOCKS = 0x646f_6302;
const BALANCE_INTERVAL_MS = 1_000;

export interface ShardOwner {
  /** Returns the shards that this process owns; none while the database is unavailable. */
  owned(): readonly number[];
  /**
   * Releases shards beyond the fair share and takes free ones. No-op within a second of the last
   * call. Must not be called while a batch of these shards is being published.
   */
  balance(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Assigns the shards of the outbox evenly to the running relays. The owner of a shard holds an
 * advisory lock of its connection. A process that slept cannot know that it has lost its lock, so
 * it can publish an event again after newer ones; the compacted topic fences off such a publisher.
 */
export function startShardOwner({
  url,
  logger,
  wake,
}: {
  url: string;
  logger: Logger;
  wake: () => void;
}): ShardOwner {
  const owned = new Set<number>();
  let lastBalance = 0;
  const session = startSession({
    url,
    logger,
    name: 'relay',
    onNotification: wake,
    onOpen: async (client) => {
      await client.query('select pg_advisory_lock_shared($1, 0)', [RELAY_LOCKS]);
      await client.query(`listen ${OUTBOX_CHANNEL}`);
      lastBalance = 0;
    },
    onLost: () => owned.clear(),
  });

  async function balance(): Promise<void> {
    const client = session.client();
    if (!client || Date.now() - lastBalance < BALANCE_INTERVAL_MS) return;
    lastBalance = Date.now();
    const fairShare = Math.ceil(OUTBOX_SHARDS / Math.max(1, await countRelays(client)));
    await release(client, [...owned].slice(fairShare));
    await take(client, fairShare);
  }

  async function release(client: Client, surplus: readonly number[]): Promise<void> {
    for (const shard of surplus) {
      owned.delete(shard);
      await client.query('select pg_advisory_unlock($1, $2)', [SHARD_LOCKS, shard]);
    }
  }

  async function take(client: Client, fairShare: number): Promise<void> {
    for (let shard = 0; shard < OUTBOX_SHARDS && owned.size < fairShare; shard += 1) {
      if (owned.has(shard)) continue;
      const { rows } = await client.query<{ taken: boolean }>(
        'select pg_try_advisory_lock($1, $2) as taken',
        [SHARD_LOCKS, shard],
      );
      if (rows[0]?.taken && session.client() === client) owned.add(shard);
    }
  }

  return { owned: () => [...owned], balance, stop: () => session.stop() };
}

async function countRelays(client: Client): Promise<number> {
  const { rows } = await client.query<{ relays: string }>(
    `select count(distinct pid) as relays from pg_locks
      where locktype = 'advisory' and classid = $1 and objid = 0 and granted
        and database = (select oid from pg_database where datname = current_database())`,
    [RELAY_LOCKS],
  );
  return Number(rows[0]?.relays ?? 1);
}
