import {
  ProcessingFailure,
  PROCESSING_ERROR_RETRYABLE,
  type ProcessingErrorCode,
} from '../errors.js';
import type { Document, DocumentStatus, ProcessingError } from './document.js';
import type { Change } from './ports.js';

/**
 * Codes of an unavailable dependency. After its last attempt, a document is still retried until
 * UNAVAILABLE_GRACE_MS have passed since processing started.
 */
const UNAVAILABLE_CODES: readonly ProcessingErrorCode[] = [
  'EMBEDDER_UNAVAILABLE',
  'VECTOR_STORE_UNAVAILABLE',
];
const UNAVAILABLE_GRACE_MS = 60 * 60 * 1_000;

/** Returns the change after a failed attempt: to PENDING for the next attempt, or to FAILED. */
export function toFailureChange(
  document: Document,
  error: unknown,
  options: { retryDelaysMs: readonly number[]; now: Date },
): Change {
  const failure = toFailure(error);
  const expected = {
    documentId: document.id,
    generation: document.generation,
    from: document.status,
  };
  if (!failure.retryable)
    return { ...expected, to: 'FAILED', set: { error: toError(failure, document.status) } };
  if (isExhausted(document, failure.code, options.now)) {
    return { ...expected, to: 'FAILED', set: { error: toExhaustedError(failure, document) } };
  }
  const nextAttemptInMs = delayOf(document.attempt, options.retryDelaysMs);
  return {
    ...expected,
    to: 'PENDING',
    set: { error: toError(failure, document.status), nextAttemptInMs },
  };
}

/** Returns INTERNAL for every other error. The message of that error is only for the log. */
function toFailure(error: unknown): ProcessingFailure {
  return error instanceof ProcessingFailure
    ? error
    : new ProcessingFailure(
        'INTERNAL',
        'An unexpected error occurred. The log of the server has the details.',
        { cause: error },
      );
}

function toError(failure: ProcessingFailure, stage: DocumentStatus): ProcessingError {
  return {
    code: failure.code,
    cause: null,
    message: failure.message,
    retryable: PROCESSING_ERROR_RETRYABLE[failure.code],
    stage,
  };
}

function toExhaustedError(failure: ProcessingFailure, document: Document): ProcessingError {
  const message = `Failed after ${document.attempt} attempts. ${failure.message}`;
  return {
    code: 'ATTEMPTS_EXHAUSTED',
    cause: failure.code,
    message,
    retryable: false,
    stage: document.status,
  };
}

function isExhausted(document: Document, code: ProcessingErrorCode, now: Date): boolean {
  if (document.attempt < document.maxAttempts) return false;
  const startedAt = document.startedAt ?? now;
  return (
    !UNAVAILABLE_CODES.includes(code) || now.getTime() - startedAt.getTime() >= UNAVAILABLE_GRACE_MS
  );
}

/** Returns the delay after this attempt. The last delay repeats. */
function delayOf(attempt: number, delaysMs: readonly number[]): number {
  return delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? 0;
}
