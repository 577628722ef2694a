import { timedOut } from './failures.js';

interface CallOptions {
  abortSignal: AbortSignal;
  maxRetries: number;
  timeoutInSeconds: number;
}

/**
 * The client's own timeout ends with the headers and it does not say which signal ended a call, so
 * both are ours. Rejects with a CallFailure when it is over.
 */
export async function withTimeout<Answer>(
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
  call: (options: CallOptions) => PromiseLike<Answer>,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
  const ended = rejectOnAbort(either);
  try {
    return await Promise.race([
      call({ abortSignal: either, maxRetries: 0, timeoutInSeconds: timeoutMs / 1_000 }),
      ended.promise,
    ]);
  } catch (error) {
    throw timeout.aborted && !signal?.aborted ? timedOut(timeoutMs) : error;
  } finally {
    ended.forget();
  }
}

function rejectOnAbort(signal: AbortSignal): { promise: Promise<never>; forget: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  promise.catch(() => undefined);
  return { promise, forget: () => signal.removeEventListener('abort', abort) };
}
