interface Hooks<Value> {
  /** Replaces `source.next`. */
  next?: () => Promise<IteratorResult<Value, void>>;
  /** Called once when the stream ends: after its last value, an error, `return` or `throw`. */
  onEnd?: () => void;
}

/** Returns a stream over `source` that runs the hooks. */
export function wrapStream<Value>(
  source: AsyncGenerator<Value, void, void>,
  { next = () => source.next(), onEnd = () => undefined }: Hooks<Value>,
): AsyncGenerator<Value, void, void> {
  let hasEnded = false;

  function end(): void {
    if (!hasEnded) onEnd();
    hasEnded = true;
  }

  async function takeNext(): Promise<IteratorResult<Value, void>> {
    try {
      const result = await next();
      if (result.done === true) end();
      return result;
    } catch (error) {
      end();
      throw error;
    }
  }

  const stream: AsyncGenerator<Value, void, void> = {
    next: takeNext,
    return: () => {
      end();
      return source.return();
    },
    throw: (error) => {
      end();
      return source.throw(error);
    },
    [Symbol.asyncIterator]: () => stream,
    [Symbol.asyncDispose]: async () => {
      await stream.return();
    },
  };
  return stream;
}
