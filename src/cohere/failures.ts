/**
 * What Cohere refuses or cannot do just now, in our words. Its own words can quote a text or a key:
 * they go no further than this file.
 */
import { CohereError } from 'cohere-ai';
import { ProcessingFailure } from '../errors.js';
import { NO_ANSWER_CAUSE, NO_ANSWER_STATUS } from './client.js';

/**
 * Cohere took the call and refuses what is in it; with other texts beside it a text may fare
 * better.
 */
const CONTENT_STATUSES = [400, 413, 422];
/**
 * Worth a second try: the request was late, another one was in the way, or there were too many. 499
 * and 498 are Cohere's own.
 */
const TRANSIENT_STATUSES = [408, 409, 425, 429, 499];

interface Decision {
  isTransient: boolean;
  isContent?: boolean;
  /** Null: Cohere does not say. */
  retryAfterMs?: number | null;
}

/**
 * A failed call, with what is decided by: whether to repeat it, when, and whether its texts are to
 * blame.
 */
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
  if (status === undefined) return unavailable('The answer of Cohere cannot be read');
  if (status === NO_ANSWER_STATUS)
    return unavailable('Cohere does not answer', {
      cause: new Error(headerOf(error, NO_ANSWER_CAUSE)),
    });
  const cause = new Error(`Cohere answered ${status}`);
  if (TRANSIENT_STATUSES.includes(status) || status >= 500) {
    const message = status === 429 ? 'Cohere has had too many calls' : `Cohere answered ${status}`;
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
  return unavailable(`Cohere did not answer within ${timeoutMs} ms`);
}

/** An answer that is no answer: not repeated, since the next one would hardly be better. */
export function badAnswer(what: string): CallFailure {
  return new CallFailure('EMBEDDER_UNAVAILABLE', `The answer of Cohere cannot be used: ${what}.`, {
    isTransient: false,
  });
}

function unavailable(
  message: string,
  { cause, retryAfterMs = null }: { cause?: Error; retryAfterMs?: number | null } = {},
): CallFailure {
  return new CallFailure(
    'EMBEDDER_UNAVAILABLE',
    `${message}; it is tried again later.`,
    { isTransient: true, retryAfterMs },
    { cause },
  );
}

function toRefusal(status: number): string {
  if (status === 401 || status === 403 || status === 498)
    return 'Cohere refuses the key: mend COHERE_API_KEY.';
  if (status === 404)
    return 'Cohere does not know the model or the address: mend COHERE_MODEL or COHERE_BASE_URL.';
  return `Cohere refuses the text (${status}).`;
}

function headerOf(error: unknown, name: string): string {
  return (error instanceof CohereError && error.rawResponse?.headers.get(name)?.trim()) || '';
}

/** Milliseconds; the header holds seconds or a date. Null where there is none that can be read. */
function readRetryAfter(header: string): number | null {
  if (/^\d+(\.\d+)?$/.test(header)) return Number(header) * 1_000;
  const until = Date.parse(header);
  return Number.isNaN(until) ? null : Math.max(0, until - Date.now());
}
