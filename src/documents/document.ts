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

/** The progress of one document, in chunks. Within one seq, `done` never decreases. */
export interface Progress {
  /** Stored chunks. */
  done: number;
  /** All chunks; null until the text is extracted. */
  total: number | null;
}

/** One uploaded file and the state of its processing: one row in PostgreSQL. */
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
   * Number of the last durable change, from 1. It is assigned under the lock of the row, so that
   * commits are in the order of seq.
   */
  seq: number;
  /** From 1; a person who has a document processed again starts the next generation. */
  generation: number;
  /** The generation that searches find; null before the first success. */
  liveGeneration: number | null;
  /** Number of attempts in this generation; 0 before the first claim. */
  attempt: number;
  maxAttempts: number;
  progress: Progress;
  error: ProcessingError | null;
  /** Number of vectors that searches find. */
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
 * An event for the watchers of a document. SNAPSHOT: the state when watching started or was read
 * again. CHANGE: a durable change. PROGRESS: more progress within the same seq. A newer event has a
 * higher (seq, progress.done).
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
  /** The document after this event; absent in an event that was read from the history. */
  document?: Document;
}

/**
 * A piece of a document's text that is embedded and stored. Offsets count UTF-16 code units of the
 * extracted text.
 */
export interface Chunk {
  /** From 0. */
  index: number;
  text: string;
  /** From 1; null if the format has no pages. */
  page: number | null;
  charStart: number;
  charEnd: number;
}
