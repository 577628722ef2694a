import type { Readable } from 'node:stream';

/**
 * Yields the file of a multipart body, and ends when the whole body has ended: what follows the
 * file may still show that the request is invalid. Throws the reason that `ended` rejects with.
 */
export async function* untilEnd(content: Readable, ended: Promise<void>): AsyncGenerator<Buffer> {
  yield* content as AsyncIterable<Buffer>;
  await ended;
}
