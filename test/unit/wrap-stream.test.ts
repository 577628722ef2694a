import { wrapStream } from '../../src/api/graphql/wrap-stream.js';

async function* numbers(): AsyncGenerator<number, void, void> {
  yield 1;
  yield 2;
}

async function readAll(stream: AsyncGenerator<number, void, void>): Promise<number[]> {
  const values: number[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

function wrap(source: AsyncGenerator<number, void, void>) {
  const state = { ends: 0 };
  const stream = wrapStream(source, {
    onEnd: () => {
      state.ends += 1;
    },
  });
  return { state, stream };
}

describe('a wrapped stream', () => {
  it('yields every value of its source, then ends once', async () => {
    const { state, stream } = wrap(numbers());
    expect(await readAll(stream)).toEqual([1, 2]);
    await stream.return();
    expect(state.ends).toBe(1);
  });

  it('ends when its source throws', async () => {
    const { state, stream } = wrap(
      (async function* fail(): AsyncGenerator<number, void, void> {
        yield 1;
        throw new Error('broken');
      })(),
    );
    await stream.next();
    await expect(stream.next()).rejects.toThrow('broken');
    expect(state.ends).toBe(1);
  });

  it('ends on return, and returns its source', async () => {
    const source = numbers();
    const { state, stream } = wrap(source);
    await stream.next();
    await stream.return();
    expect(state.ends).toBe(1);
    expect(await source.next()).toEqual({ done: true, value: undefined });
  });

  it('takes its values from the hook', async () => {
    const source = numbers();
    const stream = wrapStream(source, {
      next: async () => {
        const result = await source.next();
        return result.done === true ? result : { ...result, value: result.value * 10 };
      },
    });
    expect(await readAll(stream)).toEqual([10, 20]);
  });
});
