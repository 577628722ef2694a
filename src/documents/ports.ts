/**
 * What the product needs from outside. Every port has an embedded adapter and a real one; one
 * contract suite runs on both. Adapters throw ApiError or ProcessingFailure only, with the driver's
 * error as `cause`.
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

// ---- Identity ------------------------------------------------------------------------------------------------------

export interface Viewer {
  id: string;
  email: string | null;
  isAdmin: boolean;
  /** When the token ends, null for never: watchers are closed then. */
  expiresAt: Date | null;
}

export interface Identity {
  /**
   * Throws UNAUTHENTICATED for a token that is not ours, ExpiredTokenError for one whose time is
   * over.
   */
  verify(token: string): Promise<Viewer>;
  /**
   * Asks whoever issued a token that was verified before whether it still holds, for what stays
   * open in its name: call it once every RECHECK_MS. Throws UNAUTHENTICATED if the user was
   * disabled or removed, or has been signed out everywhere; ExpiredTokenError if its time is over.
   * Resolves if the issuer cannot be asked just now: an outage signs nobody out. Absent where
   * tokens cannot be revoked.
   */
  recheck?(token: string): Promise<void>;
}

/** How long a revoked token may keep open what was opened with it. */
export const RECHECK_MS = 5 * 60 * 1_000;

// ---- Blobs ---------------------------------------------------------------------------------------------------------

export interface BlobStore {
  /**
   * Streams `content` under `key`. When it rejects, nothing is left under the key. Memory does not
   * grow with the size.
   */
  write(key: string, content: AsyncIterable<Buffer>): Promise<void>;
  /** Throws ProcessingFailure BLOB_MISSING when there is none. */
  read(key: string): Promise<Readable>;
  /** Quiet when there is none. */
  remove(key: string): Promise<void>;
}

/** The name of this installation, and whether a blob store bears it. */
export interface Installation {
  id(): Promise<string>;
  /**
   * Calls `mark` unless a blob store was marked before; one caller at a time over all processes.
   */
  markOnce(mark: (id: string) => Promise<void>): Promise<void>;
  /** The next process that may mark does so again. */
  unmark(): Promise<void>;
}

// ---- Extraction ----------------------------------------------------------------------------------------------------

/**
 * Text in reading order. One page can come in several segments; the extracted text is their
 * concatenation, without separators.
 */
export interface TextSegment {
  text: string;
  /** From 1; null where the format has no pages. */
  page: number | null;
}

/** The text of one document, on disk: it can be read several times and is never whole in memory. */
export interface ExtractedText {
  segments(): AsyncIterable<TextSegment>;
  /** Removes what is on disk. Must be called once; quiet when called again. */
  dispose(): Promise<void>;
}

export interface Extractor {
  /**
   * Reads the text out of a file in a child process with limits of time and memory. Throws
   * ProcessingFailure ENCRYPTED, CORRUPT, UNSUPPORTED_CONTENT, EXTRACTION_LIMIT. No text at all is
   * no error here: the caller finds no chunk and says EMPTY_TEXT. When `signal` aborts it rejects
   * with the signal's reason and kills the child.
   */
  extract(file: {
    mimeType: string;
    content: Readable;
    signal: AbortSignal;
  }): Promise<ExtractedText>;
  stop(): Promise<void>;
}

/**
 * Says what a file is by its first bytes, with the name as the tie-break among formats that share a
 * container or are plain text.
 */
export interface FormatDetector {
  /** How many first bytes `detect` wants. */
  readonly headBytes: number;
  /** The formats we read. */
  readonly mimeTypes: readonly string[];
  /** Null: no format we read. */
  detect(head: Uint8Array, filename: string): Promise<string | null>;
}

// ---- Embedding -----------------------------------------------------------------------------------------------------

export interface Embedder {
  /** Name of the model; vectors of different models are never mixed. */
  readonly model: string;
  /** Length of every vector. */
  readonly dimensions: number;
  /** Texts a call takes at most: the window by which documents are stored. */
  readonly maxTexts: number;
  /**
   * One vector a text, in order, each of length 1 (L2 norm). `query` embeds a question, `document`
   * a passage: some models tell them apart. Queries are embedded ahead of documents; among each
   * kind the owners take turns. Throws ProcessingFailure EMBEDDER_REFUSED or EMBEDDER_UNAVAILABLE.
   */
  embed(
    texts: readonly string[],
    purpose: 'document' | 'query',
    options?: EmbedOptions,
  ): Promise<Float32Array[]>;
  /**
   * Where calls are filled across documents: how many are being worked on while others wait for
   * their places, 0 when none wait.
   */
  expect?(documents: () => number): void;
  stop(): Promise<void>;
}

export interface EmbedOptions {
  /**
   * When it aborts, the call rejects with its reason, and texts that have not been taken up are
   * dropped.
   */
  signal?: AbortSignal | undefined;
  /** Whose work it is; absent: the process's own. */
  owner?: Owner;
}

/**
 * A model that reads question and passage together: slower and better than the nearness of their
 * vectors.
 */
export interface Reranker {
  /**
   * How well each text answers the query, 0 to 1, in the order of `texts`. Throws ProcessingFailure
   * EMBEDDER_REFUSED or EMBEDDER_UNAVAILABLE.
   */
  rerank(query: string, texts: readonly string[], signal?: AbortSignal): Promise<number[]>;
}

// ---- Vector store --------------------------------------------------------------------------------------------------

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
  /** Only these documents; absent: all of the user's. */
  documentIds?: readonly string[];
}

export interface VectorHit extends Chunk {
  documentId: string;
  generation: number;
  /** 0 to 1, higher is better, comparable within one answer. */
  score: number;
}

/**
 * Objects are named by (document, generation, chunk index): storing one again replaces it.
 * Everything is within one user's tenant.
 */
export interface VectorStore {
  store(userId: string, objects: readonly VectorObject[]): Promise<void>;
  /** How many objects of this generation there are, as the store itself counts. */
  count(userId: string, documentId: string, generation: number): Promise<number>;
  /**
   * Removes objects of this generation with an index of `chunkCount` or more, left by an older
   * attempt.
   */
  trim(userId: string, documentId: string, generation: number, chunkCount: number): Promise<void>;
  /**
   * Removes a document's objects, of all generations or of those in `generations`, until nothing
   * matches.
   */
  remove(
    userId: string,
    documentId: string,
    generations?: { below?: number; only?: number },
  ): Promise<void>;
  /**
   * Uses at most MAX_SEARCH_WORDS distinct words of the text. Steps that have not begun when the
   * signal aborts are dropped.
   */
  search(query: VectorQuery, signal?: AbortSignal): Promise<VectorHit[]>;
}

// ---- Documents in PostgreSQL ---------------------------------------------------------------------------------------

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
  /** Process even if this user already has the same bytes. */
  force: boolean;
}

export type Accepted =
  | { document: Document; event: StatusEvent; duplicateOf: null }
  | { document: Document; duplicateOf: string };

/**
 * A document that this worker may work on until `leaseUntil`; every later write names the token.
 */
export interface Claim {
  document: Document;
  leaseToken: string;
}

/** What one worker process works on for one user, and has read for them of late. */
export interface UserLoad {
  userId: string;
  running: number;
  /** Of these, how many have a reader. */
  reading: number;
  /** Reading time of the last minutes, in steps: fewer go first. */
  readingSteps: number;
}

/**
 * What one worker process can take without a document that waits for a reader, and without one user
 * who keeps others out.
 */
export interface ClaimLimits {
  /** Free readers. */
  readers: number;
  /** Of these, how many may read a LARGE file. */
  largeReaders: number;
  /** Documents of one user that have a reader at once, at most. */
  maxReadingPerUser: number;
  /** Free places that are left to users of whom nothing runs in this process. */
  reservedPlaces: number;
  /** Whoever has something running here or has read for long. Everybody else counts as zero. */
  users: readonly UserLoad[];
}

export interface ClaimOptions {
  limit: number;
  leaseMs: number;
  /** Documents of one user that run in all processes before those of others go first. */
  maxPerUser: number;
  /** Left out: readers for all, and no place reserved. */
  limits?: ClaimLimits;
}

/**
 * Compare-and-set: written only where the row still is in `from`, of this generation and (where
 * named) under this lease.
 */
export interface Change {
  documentId: string;
  generation: number;
  from: DocumentStatus;
  to: DocumentStatus;
  /**
   * A stage that was passed on the way, too short to be told of: the change is allowed where both
   * steps are, and is one change.
   */
  through?: DocumentStatus;
  leaseToken?: string;
  /** What else becomes true with the change; absent keys stay. */
  set?: {
    chunkCount?: number;
    progressDone?: number;
    vectorCount?: number;
    liveGeneration?: number;
    error?: ProcessingError | null;
    /** Milliseconds from the database's now. */
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

/** A place in the list: newest first, id breaks ties. */
export interface ListPosition {
  createdAt: Date;
  id: string;
}

/**
 * What is to be removed for good; written in the transaction that deletes, cancels, fails or swaps.
 */
export interface Cleanup {
  id: string;
  documentId: string;
  userId: string;
  blobKey: string | null;
  /** Vectors of generations below this one, of only this one, or (both null) of all. */
  generationsBelow: number | null;
  onlyGeneration: number | null;
  /** The row and its history go as well. */
  removesDocument: boolean;
  runs: number;
}

export interface DocumentStore {
  /**
   * One transaction: row, first event, outbox; or the document that has the same bytes already. Two
   * at once make one document.
   */
  accept(document: NewDocument): Promise<Accepted>;

  /** Null when there is none, it is somebody else's, or it is DELETING. */
  find(userId: string, id: string): Promise<Document | null>;
  /** Whoever's they are, DELETING included; unknown ids are left out. */
  findMany(ids: readonly string[]): Promise<Document[]>;
  list(
    userId: string,
    options: { first: number; after?: ListPosition; filter?: DocumentFilter },
  ): Promise<DocumentPage>;
  counts(userId: string): Promise<{ status: DocumentStatus; count: number }[]>;
  /** Durable events after `after`, oldest first. */
  events(documentId: string, after: number, first: number): Promise<StatusEvent[]>;
  /**
   * The same for each of many documents, read by one statement. Every id has an entry, empty if
   * there is nothing after `after`.
   */
  eventsOfMany(
    documentIds: readonly string[],
    after: number,
    first: number,
  ): Promise<Map<string, StatusEvent[]>>;
  /**
   * Unfinished documents of a user and those changed since, newest change first, at most `limit`.
   */
  recent(userId: string, changedSince: Date, limit: number): Promise<Document[]>;
  /** Documents ahead of each of these that is PENDING and due; the others are left out. */
  queuePositions(ids: readonly string[]): Promise<Map<string, number>>;

  /**
   * Takes the best due documents, moves them to EXTRACTING under a new lease, in one transaction.
   */
  claim(options: ClaimOptions): Promise<{ claims: Claim[]; events: StatusEvent[] }>;
  /** All changes in one transaction; an entry is null where the row was no longer as expected. */
  change(changes: readonly Change[]): Promise<(StatusEvent | null)[]>;
  /** Prolongs leases and writes progress; answers the tokens that no longer hold. */
  renew(
    leases: readonly { documentId: string; leaseToken: string; progressDone: number }[],
    leaseMs: number,
  ): Promise<string[]>;
  /**
   * Takes back expired leases (or, with `all`, every lease: at an embedded start no worker can be
   * alive): back to PENDING, or FAILED when no attempts are left.
   */
  reclaimExpiredLeases(options: { all: boolean }): Promise<StatusEvent[]>;

  /**
   * Moves the document of this user to DELETING and writes its cleanup; null when there is none.
   */
  markDeleting(userId: string, id: string): Promise<StatusEvent | null>;
  /**
   * Takes cleanups that are due, at most `limit`: they come again in a few seconds unless they are
   * finished.
   */
  dueCleanups(limit: number): Promise<Cleanup[]>;
  /**
   * The cleanup ran: again a minute and a day later, then never; when it removes a document the row
   * goes now.
   */
  finishCleanup(cleanup: Cleanup): Promise<void>;
  /** Which of these blob keys no document names. */
  findOrphanedBlobs(keys: readonly string[]): Promise<string[]>;
}

// ---- Operations ----------------------------------------------------------------------------------------------------

/** How much waits, over all processes. Ages are 0 where nothing waits. */
export interface Backlog {
  documents: Record<DocumentStatus, number>;
  /** Of the due document that has been due for longest. */
  oldestWaitingSeconds: number;
  /** `parkedRows` are not among `rows`. */
  outbox: { rows: number; oldestSeconds: number; parkedRows: number };
  latestQueueRows: number;
  unreadableMessages: number;
  cleanupOverdueSeconds: number;
}

// ---- Outbox and event log ------------------------------------------------------------------------------------------

export interface LogRecord {
  topic: string;
  key: string;
  headers: Record<string, string>;
  /** Null: a tombstone. */
  value: string | null;
}

export interface OutboxRow {
  id: string;
  record: LogRecord;
}

export interface Outbox {
  /** Rows of the shards that are this process' own, oldest first. */
  read(limit: number): Promise<OutboxRow[]>;
  /** Removes rows that the log acknowledged. */
  remove(ids: readonly string[]): Promise<void>;
  /**
   * Sets rows aside that the log refuses for good: they are kept with the reason and hold up
   * nothing.
   */
  park(rows: readonly { id: string; reason: string }[]): Promise<void>;
}

/** A record that the log will never take, too large for example. */
export interface RefusedRecord {
  /** Its place among those that were to be published. */
  index: number;
  reason: string;
}

export interface EventLog {
  /** Resolves when the log holds all of them but those it answers. */
  publish(records: readonly LogRecord[]): Promise<readonly RefusedRecord[]>;
}

/** A document whose newest state is still to be told on the compacted topic. */
export interface LatestRow {
  documentId: string;
  shard: number;
  /** Of the row: one that got news while it was being sent stays. */
  version: string;
  record: LogRecord;
}

export interface LatestQueue {
  /** Rows of the shards that are this process' own, oldest first. */
  read(limit: number): Promise<LatestRow[]>;
  /** Removes rows that have not changed since they were read. */
  remove(rows: readonly LatestRow[]): Promise<void>;
}

/** Publishes to the compacted topic. Of all publishers of a shard only the newest can write. */
export interface LatestPublisher {
  /**
   * Prepares for these shards, and releases all others. Call it before reading the records to
   * publish: records that were read earlier may be older than those of another process. Never
   * rejects.
   */
  assign(shards: readonly number[]): Promise<void>;
  /** All or nothing. Rejects when another process has taken the shard over. */
  publish(shard: number, records: readonly LogRecord[]): Promise<void>;
}

/** What the log holds and nobody can read. */
export interface DeadLetter {
  topic: string;
  partition: number;
  offset: string;
  key: string | null;
  /** Cut to 64 kB. */
  value: Uint8Array | null;
  reason: string;
}

export interface DeadLetterStore {
  add(letter: DeadLetter): Promise<void>;
}

// ---- Status bus ----------------------------------------------------------------------------------------------------

export interface StatusBus {
  /** A hint: may be lost, may come twice, may come late. Never throws. */
  publish(event: StatusEvent): void;
  /**
   * Resolves once the bus has acknowledged; answers the way to leave. `listener` must not throw.
   */
  subscribe(channel: string, listener: (event: StatusEvent) => void): Promise<() => void>;
  /** Called after every reconnect, when hints may have been lost. */
  onReconnect(listener: () => void): void;
}
