/** The Kafka topics. A name never changes its meaning; a message that would have to is published under a new one beside it. */
export const TOPICS = {
  /** Permits: there is work. Which document is next, PostgreSQL says. */
  jobs: 'docstream.jobs.v1',
  /** Every durable status event, for other teams. */
  documentStatus: 'docstream.document-status.v1',
} as const;

/** How many lanes the outbox has; rows of one key are always in the same one. */
export const OUTBOX_SHARDS = 16;

/** Of a key's UTF-8 bytes, by FNV-1a: stable over processes and versions. */
export function toShard(key: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % OUTBOX_SHARDS;
}
