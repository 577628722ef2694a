import { readHead, replay } from '../../src/runtime/replay.js';

async function textsOf(buffers: AsyncIterable<Buffer>): Promise<string[]> {
  const texts: string[] = [];
  for await (const buffer of buffers) texts.push(buffer.toString());
  return texts;
}

/** A stream of these texts, and how often it was read and returned. */
function createSource(...contents: string[]) {
  const source = {
    reads: 0,
    returns: 0,
    next: async (): Promise<IteratorResult<Buffer, undefined>> => {
      const text = contents[source.reads++];
      return text === undefined
        ? { done: true, value: undefined }
        : { done: false, value: Buffer.from(text) };
    },
    return: async (): Promise<IteratorResult<Buffer, undefined>> => {
      source.returns += 1;
      return { done: true, value: undefined };
    },
  };
  return source;
}

describe('the head of a stream', () => {
  it('ends with the buffer that reaches the wanted number of bytes', async () => {
    const source = createSource('ab', 'cd', 'ef');
    const head = await readHead(source, { minBytes: 3 });
    expect(head).toEqual({ buffers: [Buffer.from('ab'), Buffer.from('cd')], isWhole: false });
    expect(source.reads).toBe(2);
  });

  it('ends with the wanted number of buffers', async () => {
    const head = await readHead(createSource('ab', 'cd', 'ef'), { maxBuffers: 2 });
    expect(head).toMatchObject({ buffers: { length: 2 }, isWhole: false });
  });

  it('is whole if the stream ends first', async () => {
    const head = await readHead(createSource('ab'), { minBytes: 3, maxBuffers: 2 });
    expect(head).toEqual({ buffers: [Buffer.from('ab')], isWhole: true });
  });

  it('rejects with the error of the stream', async () => {
    const source = { next: () => Promise.reject(new Error('broken pipe')) };
    await expect(readHead(source, { minBytes: 1 })).rejects.toThrow('broken pipe');
  });
});

describe('a replayed stream', () => {
  it('yields the head and then the rest', async () => {
    const source = createSource('ab', 'cd', 'ef');
    const { buffers } = await readHead(source, { minBytes: 1 });
    expect(await textsOf(replay(buffers, source))).toEqual(['ab', 'cd', 'ef']);
    expect(source.returns).toBe(1);
  });

  it('returns the source if its reader leaves early', async () => {
    const source = createSource('cd');
    for await (const _ of replay([Buffer.from('ab')], source)) break;
    expect(source).toMatchObject({ reads: 0, returns: 1 });
  });
});
