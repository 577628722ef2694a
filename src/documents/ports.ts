/**
 * The interfaces that adapters implement. Most ports have an in-process adapter and a networked
 * one; the same contract suite tests both. Adapters throw only ApiError and ProcessingFailure, with
 * the driver's error as `cause`.
 */
import type { Readable } from 'node:stream';
import type {
  Chunk,
  Document,
  DocumentStatus,
  Priority,
  ProcessingError,
  StatusEvent,
} from './document.js';
import type { Owner } from './fair-queue.js';

// ---- Identity -----------------------------------------------------------------------------------

/** The authenticated user of a request. */
export interface Viewer {
  id: string;
  email: string | null;
  isAdmin: boolean;
  /** When the token expires and its watchers are closed; null for never. */
  expiresAt: Date | null;
}

export interface Identity {
  /**
   * Returns the owner of a token. Throws ExpiredTokenError if the token has expired,
   * UNAUTHENTICATED if it is not valid for another reason.
   */
  verify(token: string): Promise<Viewer>;
  /**
   * Asks the issuer whether a verified token is still valid. Connections that stay open call this
   * every RECHECK_MS. Throws UNAUTHENTICATED if the user was disabled, deleted or signed out
   * everywhere, and ExpiredTokenError if the token has expired. Resolves if the issuer is
   * unavailable, so that an outage signs nobody out. Absent if tokens cannot be revoked.
   */
  recheck?(token: string): Promise<void>;
}

/** How long a connection may stay open after its token was revoked. */
export const RECHECK_MS = 5 * 60 * 1_000;

// ---- Blobs --------------------------------------------------------------------------------------

export interface BlobStore {
  /**
   * Streams `content` to `key`, with memory that does not grow with the size. If it rejects, the
   * key does not exist.
   */
  write(key: string, content: AsyncIterable<Buffer>): Promise<void>;
  /** Throws ProcessingFailure BLOB_MISSING if the key does not exist. */
  read(key: string): Promise<Readable>;
  /** Deletes a blob. No-op if the key does not exist. */
  remove(key: string): Promise<void>;
}

/** The id of this installation, and the record of whether a blob store is marked with it. */
export interface Installation {
  id(): Promise<string>;
  /**
   * Calls `mark` unless a blob store was marked before. Only one caller of all processes runs at a
   * time.
   */
  markOnce(mark: (id: string) => Promise<void>): Promise<void>;
  /** Forgets the mark, so that the next `markOnce` calls `mark` again. */
  unmark(): Promise<void>;
}

// ---- Extraction ---------------------------------------------------------------------------------

/**
 * A piece of the extracted text, which is the concatenation of its segments in reading order,
 * without separators. A page may have several segments.
 */
export interface TextSegment {
  text: string;
  /** From 1; null if the format has no pages. */
  page: number | null;
}

/** The text of one document, on disk. It can be read several times and is never all in memory. */
export interface ExtractedText {
  segments(): AsyncIterable<TextSegment>;
  /** Deletes the text from the disk. Every text must be disposed of; a second call is a no-op. */
  dispose(): Promise<void>;
}

export interface Extractor {
  /**
   * Extracts the text of a file in a child process with limits of time and memory. Throws
   * ProcessingFailure ENCRYPTED, CORRUPT, UNSUPPORTED_CONTENT or EXTRACTION_LIMIT. A file without
   * text is not an error here: its caller reports EMPTY_TEXT. If `signal` aborts, `extract` kills
   * the child and rejects with the signal's reason.
   */
  extract(file: {
    mimeType: string;
    content: Readable;
    signal: AbortSignal;
  }): Promise<ExtractedText>;
  stop(): Promise<void>;
}

/**
 * Detects the format of a file by its first bytes. The file name decides between formats that share
 * a container or are plain text.
 */
export interface FormatDetector {
  /** How many of the first bytes `detect` needs. */
  readonly headBytes: number;
  /** The MIME types of the supported formats. */
  readonly mimeTypes: readonly string[];
  /** The names of the supported formats for people, such as "PDF" and "plain text". */
  readonly labels: readonly string[];
  /** Returns the MIME type, or null if the format is not supported. */
  detect(head: Uint8Array, filename: string): Promise<string | null>;
}

// ---- Embedding ----------------------------------------------------------------------------------

export interface Embedder {
  /** Name of the model. Vectors of different models are never mixed. */
  readonly model: string;
  /** Number of components of every vector. */
  readonly dimensions: number;
  /** Maximum number of texts in one call, and so the size of the batches that are stored. */
  readonly maxTexts: number;
  /**
   * Returns one vector for each text, in the order of the texts, each of length 1 (L2 norm).
   * `query` embeds a question, `document` a passage: some models distinguish them. Queries are
   * embedded before documents, and the owners of each kind take turns. Throws ProcessingFailure
   * EMBEDDER_REFUSED or EMBEDDER_UNAVAILABLE.
   */
  embed(
    texts: readonly string[],
    purpose: 'document' | 'query',
    options?: EmbedOptions,
  ): Promise<Float32Array[]>;
  stop(): Promise<void>;
}

/** The work that will reach the embedder. With it, an embedder fills its calls across documents. */
export interface Demand {
  /** Returns how many documents are processed while more documents wait; 0 if none wait. */
  pendingDocuments(): number;
}

export interface EmbedOptions {
  /** If it aborts, the call rejects with its reason and drops the texts that were not sent yet. */
  signal?: AbortSignal | undefined;
  /** The user and document that the texts belong to; absent for work of the process itself. */
  owner?: Owner;
}

/**
 * A model that reads a question and a passage together: slower and better than a comparison of
 * their vectors.
 */
export interface Reranker {
  /**
   * Returns how relevant each text is to the query, from 0 to 1, in the order of `texts`. Throws
   * ProcessingFailure EMBEDDER_REFUSED or EMBEDDER_UNAVAILABLE.
   */
  rerank(query: string, texts: readonly string[], signal?: AbortSignal): Promise<number[]>;
}

// ---- Vector store -------------------------------------------------------------------------------

/** A chunk with its vector, as it is stored. */
export interface VectorObject extends Chunk {
  documentId: string;
  generation: number;
  vector: Float32Array;
}

export type SearchMode = 'HYBRID' | 'SEMANTIC' | 'KEYWORD';

export interface VectorQuery {
  userId: string;
  mode: SearchMode;
  text: string;
  /** Null in KEYWORD mode. */
  vector: Float32Array | null;
  limit: number;
  /** The documents to search; absent: all documents of the user. */
  documentIds?: readonly string[];
}

export interface VectorHit extends Chunk {
  documentId: string;
  generation: number;
  /** 0 to 1; higher is better. Comparable only within one result. */
  score: number;
}

/**
 * Vectors of all users, each in the user's own tenant. An object is identified by (document,
 * generation, chunk index).
 */
export interface VectorStore {
  /** Stores objects, and replaces those that exist. */
  store(userId: string, objects: readonly VectorObject[]): Promise<void>;
  /** Returns how many objects of this generation the store itself counts. */
  count(userId: string, documentId: string, generation: number): Promise<number>;
  /**
   * Deletes objects of this generation with an index of `chunkCount` or more, which an older
   * attempt stored.
   */
  trim(userId: string, documentId: string, generation: number, chunkCount: number): Promise<void>;
  /**
   * Deletes a document's objects, of all generations or of those in `generations`. Afterwards no
   * object matches.
   */
  remove(
    userId: string,
    documentId: string,
    generations?: { below?: number; only?: number },
  ): Promise<void>;
  /**
   * Returns the best hits, best first. Uses at most MAX_SEARCH_WORDS distinct words of the text. If
   * the signal aborts, steps that have not started are skipped.
   */
  search(query: VectorQuery, signal?: AbortSignal): Promise<VectorHit[]>;
}

// ---- Documents in PostgreSQL --------------------------------------------------------------------

/** A document to be accepted. */
export interface NewDocument {
  id: string;
  userId: string;
  filename: string;
  mimeType: string;
  fileSize: number;
  contentHash: string;
  blobKey: string;
  jobId: string;
  priority: Priority;
  scheduledFor: Date | null;
  /** True: accept the document even if this user already has the same bytes. */
  force: boolean;
}

/** The new document, or the older one that `duplicateOf` names. */
export type Accepted =
  | { document: Document; event: StatusEvent; duplicateOf: null }
  | { document: Document; duplicateOf: string };

/** A document that a worker may process while its lease is valid. Every write names the token. */
export interface Claim {
  document: Document;
  leaseToken: string;
}

/** The load of one user on one worker process. */
export interface UserLoad {
  userId: string;
  /** Documents that are being processed. */
  running: number;
  /** Running documents that occupy a reader. */
  reading: number;
  /** Reading time of the last ten minutes, in steps of 10 s. Users with fewer steps go first. */
  readingSteps: number;
}

/**
 * The limits of one claim. Within them, no claimed document waits for a reader, and no user keeps
 * the others out.
 */
export interface ClaimLimits {
  /** Free readers. */
  readers: number;
  /** Free readers that may read a LARGE file. */
  largeReaders: number;
  /** Maximum number of documents of one user that occupy a reader at the same time. */
  maxReadingPerUser: number;
  /** Free slots that are reserved for users who have nothing running in this process. */
  reservedSlots: number;
  /** Users with running documents or with reading time. All other users count as zero. */
  users: readonly UserLoad[];
}

export interface ClaimOptions {
  /** Maximum number of documents to claim. */
  limit: number;
  leaseMs: number;
  /** Documents of one user, in all processes, beyond which other users' documents go first. */
  maxPerUser: number;
  /** Absent: a reader for every document, and no reserved slots. */
  limits?: ClaimLimits;
}

/**
 * A compare-and-set change. It is written only if the row still has this status, generation and,
 * if one is named, lease token.
 */
export interface Change {
  documentId: string;
  generation: number;
  from: DocumentStatus;
  to: DocumentStatus;
  /**
   * A stage between `from` and `to` that was too short to be written. The change is allowed if both
   * of its steps are, and counts as one.
   */
  through?: DocumentStatus;
  leaseToken?: string;
  /** Further columns that change; absent keys keep their value. */
  set?: {
    chunkCount?: number;
    progressDone?: number;
    vectorCount?: number;
    liveGeneration?: number;
    error?: ProcessingError | null;
    /** Milliseconds from the current time of the database; null: none. */
    nextAttemptInMs?: number | null;
  };
}

export interface DocumentFilter {
  status?: readonly DocumentStatus[];
  filename?: string;
}

export interface DocumentPage {
  documents: Document[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  totalCount: number;
}

/** A position in the list of documents: newest first, the id breaks ties. */
export interface ListPosition {
  createdAt: Date;
  id: string;
}

/**
 * The vectors and files to be deleted after a deletion, a cancellation, a failure or the swap of a
 * generation. It is written in the same transaction.
 */
export interface Cleanup {
  id: string;
  documentId: string;
  userId: string;
  blobKey: string | null;
  /** Deletes vectors of generations below this one. If both are null, of all generations. */
  generationsBelow: number | null;
  /** Deletes vectors of this generation only. */
  onlyGeneration: number | null;
  /** True: deletes the row and its history as well. */
  removesDocument: boolean;
  /** How often this cleanup has run. */
  runs: number;
}

export interface DocumentStore {
  /**
   * Writes row, first event and outbox row in one transaction, or returns the document that has the
   * same bytes. Two concurrent calls with the same bytes create one document.
   */
  accept(document: NewDocument): Promise<Accepted>;

  /** Returns null if the document does not exist, belongs to another user or is DELETING. */
  find(userId: string, id: string): Promise<Document | null>;
  /** Returns the documents of all users, DELETING ones included. Unknown ids are omitted. */
  findMany(ids: readonly string[]): Promise<Document[]>;
  list(
    userId: string,
    options: { first: number; after?: ListPosition; filter?: DocumentFilter },
  ): Promise<DocumentPage>;
  counts(userId: string): Promise<{ status: DocumentStatus; count: number }[]>;
  /** Returns at most `first` durable events with a seq above `after`, oldest first. */
  events(documentId: string, after: number, first: number): Promise<StatusEvent[]>;
  /**
   * Returns the same as `events` for each of many documents, with one statement. Every id has an
   * entry, which is empty if there are no such events.
   */
  eventsOfMany(
    documentIds: readonly string[],
    after: number,
    first: number,
  ): Promise<Map<string, StatusEvent[]>>;
  /**
   * Returns a user's documents that are unfinished or have changed since, latest change first, at
   * most `limit`.
   */
  recent(userId: string, changedSince: Date, limit: number): Promise<Document[]>;
  /**
   * Returns how many documents are ahead of each of these. Documents that are not PENDING and due
   * are omitted.
   */
  queuePositions(ids: readonly string[]): Promise<Map<string, number>>;

  /**
   * Selects the next due documents and moves them to EXTRACTING, each under a new lease, in one
   * transaction.
   */
  claim(options: ClaimOptions): Promise<{ claims: Claim[]; events: StatusEvent[] }>;
  /**
   * Writes all changes in one transaction. An entry is null if its row did not have the expected
   * state.
   */
  change(changes: readonly Change[]): Promise<(StatusEvent | null)[]>;
  /** Extends leases and writes progress. Returns the tokens that are no longer valid. */
  renew(
    leases: readonly { documentId: string; leaseToken: string; progressDone: number }[],
    leaseMs: number,
  ): Promise<string[]>;
  /**
   * Moves documents with an expired lease to PENDING, or to FAILED if no attempts remain. With
   * `all`, reclaims every lease: when an in-process database starts, no worker can be alive.
   */
  reclaimExpiredLeases(options: { all: boolean }): Promise<StatusEvent[]>;

  /**
   * Moves a document of this user to DELETING and writes its cleanup. Returns null if the user has
   * no such document.
   */
  markDeleting(userId: string, id: string): Promise<StatusEvent | null>;
  /**
   * Returns at most `limit` due cleanups. A cleanup that is not finished becomes due again after a
   * few seconds.
   */
  dueCleanups(limit: number): Promise<Cleanup[]>;
  /**
   * Records that a cleanup ran, and deletes the row if it removes the document. A cleanup runs
   * again after a minute and after a day, then never.
   */
  finishCleanup(cleanup: Cleanup): Promise<void>;
  /** Returns those of the keys that no document refers to. */
  findOrphanedBlobs(keys: readonly string[]): Promise<string[]>;
}

// ---- Operations ---------------------------------------------------------------------------------

/** The waiting work of all processes. An age is 0 if nothing waits. */
export interface Backlog {
  documents: Record<DocumentStatus, number>;
  /** Age of the document that has been due for longest. */
  oldestWaitingSeconds: number;
  /** `rows` do not include `parkedRows`. */
  outbox: { rows: number; oldestSeconds: number; parkedRows: number };
  latestQueueRows: number;
  unreadableMessages: number;
  cleanupOverdueSeconds: number;
}

// ---- Outbox and event log -----------------------------------------------------------------------

/** A record for the event log. */
export interface LogRecord {
  topic: string;
  key: string;
  headers: Record<string, string>;
  /** Null for a tombstone. */
  value: string | null;
}

export interface OutboxRow {
  id: string;
  record: LogRecord;
}

export interface Outbox {
  /** Returns rows of the shards that this process owns, oldest first. */
  read(limit: number): Promise<OutboxRow[]>;
  /** Deletes rows that the event log acknowledged. */
  remove(ids: readonly string[]): Promise<void>;
  /**
   * Parks rows that the event log refuses permanently: they are kept with the reason and block no
   * other row.
   */
  park(rows: readonly { id: string; reason: string }[]): Promise<void>;
}

/** A record that the event log refuses permanently, for example because it is too large. */
export interface RefusedRecord {
  /** Index among the records of the call. */
  index: number;
  reason: string;
}

export interface EventLog {
  /** Resolves once the log holds all records, except the refused ones, which it returns. */
  publish(records: readonly LogRecord[]): Promise<readonly RefusedRecord[]>;
}

/** A document whose latest state is to be published to the compacted topic. */
export interface LatestRow {
  documentId: string;
  shard: number;
  /** Version of the row. A row that changes while it is published is not removed. */
  version: string;
  record: LogRecord;
}

export interface LatestQueue {
  /** Returns rows of the shards that this process owns, oldest first. */
  read(limit: number): Promise<LatestRow[]>;
  /** Deletes rows that have not changed since they were read. */
  remove(rows: readonly LatestRow[]): Promise<void>;
}

/** Publishes to the compacted topic. Only the newest publisher of a shard can write. */
export interface LatestPublisher {
  /**
   * Prepares for these shards, and releases all others. Call it before reading the records to
   * publish: records that were read earlier may be older than those of another process. Never
   * rejects.
   */
  assign(shards: readonly number[]): Promise<void>;
  /** Publishes all records or none. Rejects if another process has taken over the shard. */
  publish(shard: number, records: readonly LogRecord[]): Promise<void>;
}

/** A record of the event log that no consumer can read. */
export interface DeadLetter {
  topic: string;
  partition: number;
  offset: string;
  key: string | null;
  /** Truncated to 64 kB. */
  value: Uint8Array | null;
  reason: string;
}

export interface DeadLetterStore {
  add(deadLetter: DeadLetter): Promise<void>;
}

// ---- Status bus ---------------------------------------------------------------------------------

/** Carries status notifications between processes. */
export interface StatusBus {
  /** Publishes a notification, which may be lost, repeated or late. Never throws. */
  publish(event: StatusEvent): void;
  /**
   * Resolves once the bus has acknowledged the subscription. Returns the function that ends it.
   * `listener` must not throw.
   */
  subscribe(channel: string, listener: (event: StatusEvent) => void): Promise<() => void>;
  /** Calls `listener` after every reconnect, because notifications may have been lost. */
  onReconnect(listener: () => void): void;
}
