import { createProcessPool } from '../../src/extraction/process-pool.js';
import type { ReaderProcess } from '../../src/extraction/reader-process.js';

const never = new AbortController().signal;

function makeProcess(isAlive = true): ReaderProcess {
  return {
    read: async () => undefined,
    isAlive: () => isAlive,
    documents: () => 0,
    rssBytes: () => 0,
    kill: async () => undefined,
  };
}

describe('a pool of reading processes', () => {
  it('serves the next document after a process could not be started', async () => {
    const starts = [
      () => makeProcess(false),
      () => {
        throw new Error('no process can be started');
      },
    ];
    const start = () => (starts.shift() ?? makeProcess)();
    const pool = createProcessPool({ size: 1, start, maxDocuments: 9, maxIdleRssBytes: 9 });
    await expect(pool.withProcess(never, async () => 'read')).rejects.toThrow('no process');
    expect(await pool.withProcess(never, async () => 'read')).toBe('read');
  });

  it('rejects a document that waits for a process with the reason of its signal', async () => {
    const pool = createProcessPool({
      size: 1,
      start: () => makeProcess(),
      maxDocuments: 9,
      maxIdleRssBytes: 9,
    });
    const reading = Promise.withResolvers<void>();
    const first = pool.withProcess(never, () => reading.promise);
    const controller = new AbortController();
    const second = expect(pool.withProcess(controller.signal, async () => 'read')).rejects.toBe(
      'cancelled',
    );
    controller.abort('cancelled');
    await second;
    reading.resolve();
    await first;
    expect(await pool.withProcess(never, async () => 'read')).toBe('read');
  });
});
