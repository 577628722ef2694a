import type { ServerResponse } from 'node:http';

/**
 * Releases what was taken for a response when it closes, at once if it has closed already: a client
 * may leave while its token is checked, and then no event follows.
 */
export function releaseWith(response: ServerResponse, release: () => void): void {
  if (response.closed) release();
  else response.once('close', release);
}
