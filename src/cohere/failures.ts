/**
 * Translates the errors of Cohere. Its own messages can quote a text or a key, and never leave this
 * file.
 */
import { CohereError } from 'cohere-ai';
import { ProcessingFailure } from '../errors.js';
import { NO_RESPONSE_CAUSE, NO_RESPONSE_STATUS } from './client.js';

/** Cohere rejects the content of the call. A call with other texts may succeed. */
const CONTENT_STATUSES = [400, 413, 422];
/**
 * A later call may succeed: the request was late, conflicted with another one, or was one of too
 * many. 498 (an invalid key, below) and 499 are Cohere's own.
 */
const TRANSIENT_STATUSES = [408, 409, 425, 429, 499];

interface Decision {
  isTransient: boolean;
  isContent?: boolean;
  /** Null: Cohere does not name a time. */
  retryAfterMs?: number | null;
}

/** A failed call: whether and when to repeat it, and whether its texts are the cause. */
export class CallFailure extends ProcessingFailure {
  readonly decision: Required<Decision>;

  constructor(
    code: 'EMBEDDER_REFUSED' | 'EMBEDDER_UNAVAILABLE',
    message: string,
    decision: Decision,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.decision = { isContent: false, retryAfterMs: null, ...decision };
  }
}

export function toFailure(error: unknown): CallFailure {
  if (error instanceof CallFailure) return error;
  const status = error instanceof CohereError ? error.statusCode : undefined;
  if (status === undefined) return unavailable('The response of Cohere cannot be read');
  if (status === NO_RESPONSE_STATUS)
    return unavailable('Cohere does not respond', {
      cause: new Error(headerOf(error, NO_RESPONSE_CAUSE)),
    });
  const cause = new Error(`Cohere responded with status ${status}`);
  if (TRANSIENT_STATUSES.includes(status) || status >= 500) {
    const message =
      status === 429
        ? 'Cohere is rate limiting requests'
        : `Cohere responded with status ${status}`;
    return unavailable(message, {
      cause,
      retryAfterMs: readRetryAfter(headerOf(error, 'retry-after')),
    });
  }
  return new CallFailure(
    'EMBEDDER_REFUSED',
    toRefusal(status),
    { isTransient: false, isContent: CONTENT_STATUSES.includes(status) },
    { cause },
  );
}

export function isContentRefused(error: unknown): boolean {
  return error instanceof CallFailure && error.decision.isContent;
}

export function timedOut(timeoutMs: number): CallFailure {
  return unavailable(`Cohere did not respond within ${timeoutMs} ms`);
}

/** Returns the failure of an unusable response. The call is not repeated, the document is. */
export function invalidResponse(what: string): CallFailure {
  return new CallFailure(
    'EMBEDDER_UNAVAILABLE',
    `The response of Cohere is invalid: ${what}; it is retried later.`,
    { isTransient: false },
  );
}

function unavailable(
  message: string,
  { cause, retryAfterMs = null }: { cause?: Error; retryAfterMs?: number | null } = {},
): CallFailure {
  return new CallFailure(
    'EMBEDDER_UNAVAILABLE',
    `${message}; it is retried later.`,
    { isTransient: true, retryAfterMs },
    { cause },
  );
}

function toRefusal(status: number): string {
  if (status === 401 || status === 403 || status === 498)
    return 'Cohere rejected the key; correct COHERE_API_KEY.';
  if (status === 404)
    return 'Cohere does not know the model or address; correct COHERE_MODEL or COHERE_BASE_URL.';
  return `Cohere rejected the text with status ${status}.`;
}

function headerOf(error: unknown, name: string): string {
  return (error instanceof CohereError && error.rawResponse?.headers.get(name)?.trim()) || '';
}

/** Returns milliseconds for a header of seconds or of a date; null if it is missing or invalid. */
function readRetryAfter(header: string): number | null {
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1_000;
  const until = Date.parse(header);
  return Number.isNaN(until) ? null : Math.max(0, until - Date.now());
}
