/** Reads the first buffers of a stream, for a decision, and then the stream from its start. */

export interface StreamHead {
  buffers: Buffer[];
  /** True if the stream ended: `buffers` hold all of it. */
  isWhole: boolean;
}

export interface HeadLimits {
  /** Reads on until the head has at least so many bytes. */
  minBytes?: number;
  /** Reads no more buffers than this, whatever their size. */
  maxBuffers?: number;
}

/** Returns the head of a stream: all of it if the stream ends before a limit is reached. */
export async function readHead(
  source: AsyncIterator<Buffer, unknown>,
  { minBytes = Infinity, maxBuffers = Infinity }: HeadLimits,
): Promise<StreamHead> {
  const buffers: Buffer[] = [];
  let bytes = 0;
  while (bytes < minBytes && buffers.length < maxBuffers) {
    const next = await source.next();
    if (next.done === true) return { buffers, isWhole: true };
    buffers.push(next.value);
    bytes += next.value.length;
  }
  return { buffers, isWhole: false };
}

/** Yields `buffers`, then the rest of `source`. Returns the source when it ends, early or not. */
export async function* replay(
  buffers: readonly Buffer[],
  source: AsyncIterator<Buffer, unknown>,
): AsyncGenerator<Buffer> {
  try {
    yield* buffers;
    for (let next = await source.next(); next.done !== true; next = await source.next())
      yield next.value;
  } finally {
    await source.return?.();
  }
}
