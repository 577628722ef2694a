import { once } from 'node:events';
import { settlesWithin } from '../runtime/deadline.js';
import { timedOut } from './failures.js';

/** What every call passes to cohere-ai. */
interface CallOptions {
  abortSignal: AbortSignal;
  maxRetries: number;
  timeoutInSeconds: number;
}

interface Limits {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * Calls Cohere once, and aborts the call after `timeoutMs`. The timeout of cohere-ai 8.1 ends with
 * the headers of a response, and its error does not say which signal ended a call. Rejects with a
 * CallFailure after the timeout, and with the signal's reason if the signal aborts.
 */
export async function callWithin<Response>(
  { timeoutMs, signal }: Limits,
  call: (options: CallOptions) => PromiseLike<Response>,
): Promise<Response> {
  const ending = new AbortController();
  const signals = signal ? [signal, ending.signal] : [ending.signal];
  try {
    const response = Promise.resolve(
      call({
        abortSignal: AbortSignal.any(signals),
        maxRetries: 0,
        timeoutInSeconds: timeoutMs / 1_000,
      }),
    );
    const aborted = signal ? once(signal, 'abort', { signal: ending.signal }) : response;
    const settled = Promise.race([response, aborted]).catch(() => undefined);
    if (!(await settlesWithin(settled, timeoutMs))) throw timedOut(timeoutMs);
    signal?.throwIfAborted();
    return await response;
  } finally {
    ending.abort();
  }
}
