import type { Response } from 'express';
import { createTokenSignal } from '../auth/token-expiry.js';
import type { Viewer } from '../../documents/ports.js';
import { ApiError } from '../../errors.js';
import { releaseWith } from '../http/release-with.js';

/** The time limit of a query, or of a mutation without a file. */
const OPERATION_MS = 30_000;

/** The signal of one operation. Call `dispose` when the operation has ended. */
export interface OperationSignal {
  signal: AbortSignal;
  dispose(): void;
}

/**
 * Returns a signal that aborts when the token of `viewer` expires, when `disconnected` aborts, or,
 * with `hasDeadline`, when the operation takes longer than 30 s.
 */
export function createOperationSignal({
  viewer,
  disconnected,
  hasDeadline,
}: {
  viewer: Viewer | null;
  disconnected: AbortSignal;
  hasDeadline: boolean;
}): OperationSignal {
  const token = createTokenSignal({ expiresAt: viewer?.expiresAt ?? null });
  const timeout = new AbortController();
  const timer = hasDeadline
    ? setTimeout(() => timeout.abort(tookTooLong()), OPERATION_MS).unref()
    : undefined;
  return {
    signal: AbortSignal.any([disconnected, token.signal, timeout.signal]),
    dispose: () => {
      clearTimeout(timer);
      token.dispose();
    },
  };
}

/** Returns a signal that aborts if the connection closes before the response is complete. */
export function createDisconnectSignal(response: Response): AbortSignal {
  const disconnected = new AbortController();
  releaseWith(response, () => {
    if (!response.writableFinished) disconnected.abort(clientDisconnected());
  });
  return disconnected.signal;
}

export function clientDisconnected(): ApiError {
  return new ApiError(
    'BAD_USER_INPUT',
    'The client disconnected before the operation was complete.',
  );
}

function tookTooLong(): ApiError {
  const message = `The operation took longer than ${OPERATION_MS / 1_000} s; try again later.`;
  return new ApiError('DEPENDENCY_UNAVAILABLE', message, { retryAfterSeconds: 5 });
}
