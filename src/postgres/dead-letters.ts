import type { DeadLetterStore } from '../documents/ports.js';
import { TOPICS, toShard } from '../messages/topics.js';
import type { Database } from './database.js';

/**
 * Kept and announced in one statement. The same message twice, as after a rebalance, is kept once.
 */
const ADD = `
  with added as (
    insert into dead_letters (topic, partition, message_offset, key, value, reason)
    values (?, ?, ?, ?, decode(?, 'base64'), ?)
    on conflict (topic, partition, message_offset) do nothing
    returning topic, partition, message_offset, reason
  )
  insert into outbox (shard, topic, key, payload)
  select ?, '${TOPICS.deadLetter}', coalesce(?, ''),
         jsonb_build_object('topic', topic, 'partition', partition, 'offset', message_offset::text, 'reason', reason)
    from added`;

/**
 * Messages that nobody can read: kept for an operator, so that none of them stops its partition.
 */
export function createDeadLetterStore({ database }: { database: Database }): DeadLetterStore {
  return {
    add: async ({ topic, partition, offset, key, value, reason }) => {
      // PostgreSQL's text holds no NUL.
      const shownKey = key?.replaceAll('\0', '') ?? null;
      const bytes = value === null ? null : Buffer.from(value).toString('base64');
      await database.query(ADD, [
        topic,
        partition,
        offset,
        shownKey,
        bytes,
        reason,
        toShard(shownKey ?? topic),
        shownKey,
      ]);
    },
  };
}
