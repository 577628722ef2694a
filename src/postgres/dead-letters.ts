import type { DeadLetterStore } from '../documents/ports.js';
import { TOPICS, toShard } from '../messages/topics.js';
import type { Database } from './database.js';

/**
 * Stores a message and queues its dead letter in one statement. A message that arrives twice, for
 * example after a rebalance, is stored once.
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
         jsonb_build_object('topic', topic, 'partition', partition,
                            'offset', message_offset::text, 'reason', reason)
    from added`;

/** The messages that no consumer can read: they are kept for an operator and block no partition. */
export function createDeadLetterStore({ database }: { database: Database }): DeadLetterStore {
  return {
    add: async ({ topic, partition, offset, key, value, reason }) => {
      // The type text of PostgreSQL cannot hold NUL.
      const storableKey = key?.replaceAll('\0', '') ?? null;
      const bytes = value === null ? null : Buffer.from(value).toString('base64');
      await database.query(ADD, [
        topic,
        partition,
        offset,
        storableKey,
        bytes,
        reason,
        toShard(storableKey ?? topic),
        storableKey,
      ]);
    },
  };
}
