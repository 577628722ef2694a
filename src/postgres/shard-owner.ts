import type { Client } from 'pg';
import { OUTBOX_SHARDS } from '../messages/topics.js';
import type { Logger } from '../runtime/logger.js';
import { OUTBOX_CHANNEL } from './notify.js';
import { startSession } from './session.js';

/** Key spaces of the advisory locks: one for who is there, one for who owns a shard. */
const MEMBERS = 0x646f_6301;
const SHARDS = 0x646f_6302;
const TICK_MS = 1_000;

export interface ShardOwner {
  /** The shards that are this process' own; none while the database does not answer. */
  owned(): readonly number[];
  /**
   * Gives back what is more than a fair share and takes what is free. Not while a batch of these
   * shards is being sent.
   */
  balance(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Every shard of the outbox has one relay, by an advisory lock of its connection; relays share them
 * evenly. Since a process that slept cannot know that its lock has gone, repeats can follow newer
 * events; the compacted topic has a fence of its own against that.
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
      await client.query('select pg_advisory_lock_shared($1, 0)', [MEMBERS]);
      await client.query(`listen ${OUTBOX_CHANNEL}`);
      lastBalance = 0;
    },
    onLost: () => owned.clear(),
  });

  async function balance(): Promise<void> {
    const client = session.client();
    if (!client || Date.now() - lastBalance < TICK_MS) return;
    lastBalance = Date.now();
    const fairShare = Math.ceil(OUTBOX_SHARDS / Math.max(1, await countMembers(client)));
    await release(client, [...owned].slice(fairShare));
    await take(client, fairShare);
  }

  async function release(client: Client, surplus: readonly number[]): Promise<void> {
    for (const shard of surplus) {
      owned.delete(shard);
      await client.query('select pg_advisory_unlock($1, $2)', [SHARDS, shard]);
    }
  }

  async function take(client: Client, fairShare: number): Promise<void> {
    for (let shard = 0; shard < OUTBOX_SHARDS && owned.size < fairShare; shard += 1) {
      if (owned.has(shard)) continue;
      const { rows } = await client.query<{ taken: boolean }>(
        'select pg_try_advisory_lock($1, $2) as taken',
        [SHARDS, shard],
      );
      if (rows[0]?.taken && session.client() === client) owned.add(shard);
    }
  }

  return { owned: () => [...owned], balance, stop: () => session.stop() };
}

async function countMembers(client: Client): Promise<number> {
  const { rows } = await client.query<{ members: string }>(
    `select count(distinct pid) as members from pg_locks
      where locktype = 'advisory' and classid = $1 and objid = 0 and granted
        and database = (select oid from pg_database where datname = current_database())`,
    [MEMBERS],
  );
  return Number(rows[0]?.members ?? 1);
}
