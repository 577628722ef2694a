/**
 * The Kafka topics. A name never changes its meaning; a message that would have to is published
 * under a new one beside it.
 */
export const TOPICS = {
  /** Permits: there is work. Which document is next, PostgreSQL says. */
  jobs: 'docstream.jobs.v1',
  /** Every durable status event, for other teams. */
  documentStatus: 'docstream.document-status.v1',
  /** The last state of every document, for other teams; a tombstone when it is gone. */
  documentStatusLatest: 'docstream.document-status-latest.v1',
  /** Every FAILED document and every message that nobody could read, for operators. */
  deadLetter: 'docstream.dead-letter.v1',
} as const;

export type TopicName = (typeof TOPICS)[keyof typeof TOPICS];

export const GROUPS = {
  /** The workers. All members of a group must subscribe to the same topics. */
  vectorize: 'docstream-vectorize',
} as const;

/** Never changed for a topic that exists: it would break the order of each key. */
export const DEFAULT_PARTITIONS = 12;

const DAY_MS = 24 * 60 * 60 * 1_000;

const kept = (days: number): Record<string, string> => ({
  'cleanup.policy': 'delete',
  'retention.ms': String(days * DAY_MS),
});

/**
 * How each topic is kept. Only what is part of the contract; everything else is the cluster's
 * business.
 */
export const TOPIC_CONFIGS: Readonly<Record<TopicName, Readonly<Record<string, string>>>> = {
  [TOPICS.jobs]: kept(7),
  [TOPICS.deadLetter]: kept(30),
  [TOPICS.documentStatus]: kept(30),
  [TOPICS.documentStatusLatest]: {
    'cleanup.policy': 'compact',
    'delete.retention.ms': String(7 * DAY_MS),
    // Without it the newest segment is not compacted before it is full: a deleted document's name
    // would stay in it for days.
    'max.compaction.lag.ms': String(DAY_MS),
  },
};

/** How many lanes the outbox has; rows of one key are always in the same one. */
export const OUTBOX_SHARDS = 16;

const DOCUMENT_ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/**
 * Stable over processes and versions. Of a document's id its first digit, which is random; of any
 * other key FNV-1a over its UTF-8 bytes.
 */
export function toShard(key: string): number {
  if (DOCUMENT_ID.test(key)) return Number.parseInt(key.slice(0, 1), 16);
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % OUTBOX_SHARDS;
}
