import type { ProcessingErrorCode } from '../errors.js';

export const DOCUMENT_STATUSES = [
  'PENDING',
  'EXTRACTING',
  'VECTORIZING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
  'DELETING',
] as const;
export type DocumentStatus = (typeof DOCUMENT_STATUSES)[number];

export const PRIORITIES = ['HIGH', 'NORMAL', 'LOW'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** The last failure of a document. `cause` is the code behind ATTEMPTS_EXHAUSTED. */
export interface ProcessingError {
  code: ProcessingErrorCode;
  cause: ProcessingErrorCode | null;
  message: string;
  retryable: boolean;
  stage: DocumentStatus;
}

/**
 * Chunks stored of chunks in all; `total` is null until it is known. Within one seq, `done` never
 * falls.
 */
export interface Progress {
  done: number;
  total: number | null;
}

/** One uploaded file and how far it is: the row in PostgreSQL, as the product speaks of it. */
export interface Document {
  id: string;
  userId: string;
  filename: string;
  mimeType: string;
  /** Bytes. */
  fileSize: number;
  /** SHA-256, lower-case hex. */
  contentHash: string;
  blobKey: string;
  status: DocumentStatus;
  /**
   * From 1, one more with every durable change, given under the row's lock: commit order is seq
   * order.
   */
  seq: number;
  /** From 1, one more with every new run that a person asks for. */
  generation: number;
  /** The generation that answers searches, null before the first success. */
  liveGeneration: number | null;
  /** Tries within this generation: 0 before the first claim. */
  attempt: number;
  maxAttempts: number;
  progress: Progress;
  error: ProcessingError | null;
  /** Objects that answer searches now. */
  vectorCount: number;
  jobId: string;
  priority: Priority;
  scheduledFor: Date | null;
  nextAttemptAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
  startedAt: Date | null;
  processedAt: Date | null;
}

export type StatusEventKind = 'SNAPSHOT' | 'CHANGE' | 'PROGRESS';

/**
 * What a watcher gets. SNAPSHOT: the state when watching began or was re-read. CHANGE: a durable
 * change. PROGRESS: the same seq, more done. Newer means higher (seq, progress.done).
 */
export interface StatusEvent {
  kind: StatusEventKind;
  documentId: string;
  userId: string;
  seq: number;
  status: DocumentStatus;
  /** Null in a SNAPSHOT and in the first event of a document. */
  previousStatus: DocumentStatus | null;
  progress: Progress;
  attempt: number;
  generation: number;
  error: ProcessingError | null;
  vectorCount: number;
  /** One line for a person. */
  message: string;
  occurredAt: Date;
  /** The document at this event; absent in an event read back from the history. */
  document?: Document;
}

/**
 * A piece of a document's text as it is embedded and stored. Offsets count UTF-16 code units of the
 * extracted text.
 */
export interface Chunk {
  /** From 0. */
  index: number;
  text: string;
  /** From 1; null where the format has no pages. */
  page: number | null;
  charStart: number;
  charEnd: number;
}
