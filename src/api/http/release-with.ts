import type { ServerResponse } from 'node:http';

/**
 * Calls `release` when the response closes, or at once if it is closed already: a client may
 * disconnect while its token is checked, and then no event follows.
 */
export function releaseWith(response: ServerResponse, release: () => void): void {
  if (response.closed) release();
  else response.once('close', release);
}
