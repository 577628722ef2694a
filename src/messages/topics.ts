/**
 * The Kafka topics. The meaning of a topic never changes; an incompatible message gets a new topic.
 */
export const TOPICS = {
  /** Wake-up messages for workers. PostgreSQL decides which document is next. */
  jobs: 'docstream.jobs.v1',
  /** Every durable status event, for other teams. */
  documentStatus: 'docstream.document-status.v1',
  /** The newest state of every document, for other teams; a tombstone after its deletion. */
  documentStatusLatest: 'docstream.document-status-latest.v1',
  /** Every FAILED document and every unreadable message, for operators. */
  deadLetter: 'docstream.dead-letter.v1',
} as const;

export type TopicName = (typeof TOPICS)[keyof typeof TOPICS];

export const GROUPS = {
  /** The workers. All members of a group must subscribe to the same topics. */
  vectorize: 'docstream-vectorize',
} as const;

/** Must not change for an existing topic: a change would break the order of each key. */
export const DEFAULT_PARTITIONS = 12;

const DAY_MS = 24 * 60 * 60 * 1_000;

function retainDays(days: number): Record<string, string> {
  return { 'cleanup.policy': 'delete', 'retention.ms': String(days * DAY_MS) };
}

/**
 * The configuration of each topic, as far as it is part of the contract; the cluster decides
 * everything else.
 */
export const TOPIC_CONFIGS: Readonly<Record<TopicName, Readonly<Record<string, string>>>> = {
  [TOPICS.jobs]: retainDays(7),
  [TOPICS.deadLetter]: retainDays(30),
  [TOPICS.documentStatus]: retainDays(30),
  [TOPICS.documentStatusLatest]: {
    'cleanup.policy': 'compact',
    'delete.retention.ms': String(7 * DAY_MS),
    // By default the newest segment is compacted only when it is full: the file name of a deleted
    // document would stay there for days.
    'max.compaction.lag.ms': String(DAY_MS),
  },
};

/** The number of shards of the outbox. All rows of one key are in the same shard. */
export const OUTBOX_SHARDS = 16;

const DOCUMENT_ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/**
 * Returns the shard of a key, the same in every process and version: the first digit of a document
 * id, which is random, or the FNV-1a hash of the UTF-8 bytes of any other key.
 */
export function toShard(key: string): number {
  if (DOCUMENT_ID.test(key)) return Number.parseInt(key.slice(0, 1), 16);
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % OUTBOX_SHARDS;
}
