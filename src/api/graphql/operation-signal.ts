import type { Response } from 'express';
import { createTokenSignal } from '../auth/token-expiry.js';
import type { Viewer } from '../../documents/ports.js';
import { ApiError } from '../../errors.js';
import { releaseWith } from '../http/release-with.js';

/** For a query or a mutation without a file. */
const OPERATION_MS = 30_000;

/** The signal of one operation; `dispose` when it is over. */
export interface OperationSignal {
  signal: AbortSignal;
  dispose(): void;
}

/**
 * Aborts when the token of `viewer` expires, when `left` aborts, or, with `hasDeadline`, when the
 * operation takes too long.
 */
export function createOperationSignal({
  viewer,
  left,
  hasDeadline,
}: {
  viewer: Viewer | null;
  left: AbortSignal;
  hasDeadline: boolean;
}): OperationSignal {
  const token = createTokenSignal({ expiresAt: viewer?.expiresAt ?? null });
  const late = new AbortController();
  const timer = hasDeadline
    ? setTimeout(() => late.abort(tookTooLong()), OPERATION_MS).unref()
    : undefined;
  return {
    signal: AbortSignal.any([left, token.signal, late.signal]),
    dispose: () => {
      clearTimeout(timer);
      token.dispose();
    },
  };
}

/** Aborts when the connection closes before the response is complete. */
export function leftSignal(response: Response): AbortSignal {
  const left = new AbortController();
  releaseWith(response, () => {
    if (!response.writableFinished) left.abort(clientLeft());
  });
  return left.signal;
}

export function clientLeft(): ApiError {
  return new ApiError('BAD_USER_INPUT', 'The client left before the operation was complete.');
}

function tookTooLong(): ApiError {
  const message = `The operation took longer than ${OPERATION_MS / 1_000} s. Try again later.`;
  return new ApiError('DEPENDENCY_UNAVAILABLE', message, { retryAfterSeconds: 5 });
}
