/** The rate limit of texts: a token bucket that all processes share. */
import { ProcessingFailure } from '../errors.js';

/** Admits the texts of all processes together at the rate that Cohere allows. */
export interface TextBucket {
  take(count: number, signal: AbortSignal): Promise<void>;
}

/** Resolves when a call may send this many texts. Rejects if the signal aborts. */
export type AcquireTokens = (texts: number, signal: AbortSignal) => Promise<void>;

interface Options {
  bucket: TextBucket;
  /** Reports how long a call has waited for the bucket. */
  onRateLimited?: (texts: number, waitedMs: number) => void;
}

/** Returns the limit of documents: a call waits for its tokens. */
export function createRateLimit({ bucket, onRateLimited }: Options): AcquireTokens {
  return async (texts, signal) => {
    const startedAt = performance.now();
    await bucket.take(texts, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new ProcessingFailure(
        'EMBEDDER_UNAVAILABLE',
        'The embedding rate limiter did not admit the request; it is retried later.',
        { cause: error },
      );
    });
    onRateLimited?.(texts, performance.now() - startedAt);
  };
}

/**
 * Returns the limit of queries: their texts are charged without a wait, because a person waits for
 * the result. Documents wait longer instead.
 */
export function createChargeOnly({ bucket }: Pick<Options, 'bucket'>): AcquireTokens {
  return async (texts, signal) => {
    bucket.take(texts, signal).catch(() => undefined);
  };
}
