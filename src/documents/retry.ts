import {
  ProcessingFailure,
  PROCESSING_ERROR_RETRYABLE,
  type ProcessingErrorCode,
} from '../errors.js';
import type { Document, DocumentStatus, ProcessingError } from './document.js';
import type { Change } from './ports.js';

/** While a part that is needed does not answer, tries cost nothing for this long. */
const PATIENCE_MS = 60 * 60 * 1_000;
const PARTS_AWAY: readonly ProcessingErrorCode[] = [
  'EMBEDDER_UNAVAILABLE',
  'VECTOR_STORE_UNAVAILABLE',
];

/** What becomes of a document whose try has failed: waiting for the next one, or FAILED. */
export function toFailureChange(
  document: Document,
  error: unknown,
  options: { retryDelaysMs: readonly number[]; now: Date },
): Change {
  const failure = toFailure(error);
  const place = { documentId: document.id, generation: document.generation, from: document.status };
  if (!failure.retryable)
    return { ...place, to: 'FAILED', set: { error: toError(failure, document.status) } };
  if (isExhausted(document, failure.code, options.now)) {
    return { ...place, to: 'FAILED', set: { error: exhausted(failure, document) } };
  }
  const nextAttemptInMs = delayOf(document.attempt, options.retryDelaysMs);
  return {
    ...place,
    to: 'PENDING',
    set: { error: toError(failure, document.status), nextAttemptInMs },
  };
}

/** Whatever was not thrown on purpose is INTERNAL: its own words are for the log. */
function toFailure(error: unknown): ProcessingFailure {
  return error instanceof ProcessingFailure
    ? error
    : new ProcessingFailure(
        'INTERNAL',
        'Something unexpected went wrong; the log has the details.',
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

function exhausted(failure: ProcessingFailure, document: Document): ProcessingError {
  const message = `Given up after ${document.attempt} tries. ${failure.message}`;
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
  return !PARTS_AWAY.includes(code) || now.getTime() - startedAt.getTime() >= PATIENCE_MS;
}

/** The last delay repeats. */
function delayOf(attempt: number, delaysMs: readonly number[]): number {
  return delaysMs[Math.min(attempt, delaysMs.length) - 1] ?? 0;
}
