import { createRelayLatest } from '../../src/documents/relay-latest.js';
import type { LatestRow, LogRecord } from '../../src/documents/ports.js';
import { makeLog } from '../support/make-log.js';

const row = (documentId: string, shard: number, version = '1'): LatestRow => ({
  documentId,
  shard,
  version,
  record: { topic: 'latest', key: documentId, headers: {}, value: version },
});

/** Returns a queue and a publisher in memory. Shards can be fenced off. */
function createHarness(...rows: LatestRow[]) {
  const published: string[][] = [];
  const fenced = new Set<number>();
  const queue = {
    read: async (limit: number) => rows.slice(0, limit),
    remove: async (gone: readonly LatestRow[]) => {
      const keep = rows.filter(
        (one) =>
          !gone.some(
            (other) => other.documentId === one.documentId && other.version === one.version,
          ),
      );
      rows.splice(0, rows.length, ...keep);
    },
  };
  const assigned: number[][] = [];
  const publisher = {
    assign: async (shards: readonly number[]) => void assigned.push([...shards]),
    publish: async (shard: number, records: readonly LogRecord[]) => {
      if (fenced.has(shard)) throw new Error('fenced');
      published.push(records.map((record) => record.key));
    },
  };
  const logger = makeLog();
  return {
    rows,
    published,
    fenced,
    assigned,
    publisher,
    logger,
    relay: createRelayLatest({
      queue,
      latestPublisher: publisher,
      shards: () => rows.map(({ shard }) => shard),
      logger,
    }),
  };
}

describe('the relay of the latest states', () => {
  it('publishes one shard at a time and removes the published rows', async () => {
    const { relay, rows, published } = createHarness(row('a', 1), row('b', 2), row('c', 1));
    expect(await relay()).toBe(false);
    expect(published).toEqual([['a', 'c'], ['b']]);
    expect(rows).toEqual([]);
  });

  it('assigns the owned shards before it reads the queue', async () => {
    const { relay, assigned } = createHarness(row('a', 1), row('b', 2));
    await relay();
    await relay();
    expect(assigned).toEqual([[1, 2], []]);
  });

  it('keeps the rows of a shard that another process has taken over, and publishes the others', async () => {
    const { relay, rows, published, fenced, logger } = createHarness(row('a', 1), row('b', 2));
    fenced.add(1);
    await relay();
    expect(published).toEqual([['b']]);
    expect(rows.map((one) => one.documentId)).toEqual(['a']);
    expect(logger.lines).toHaveLength(1);
  });

  it('keeps a document that changed while its older state was published', async () => {
    const { relay, rows, publisher } = createHarness(row('a', 1));
    const publish = publisher.publish;
    publisher.publish = async (shard, records) => {
      await publish(shard, records);
      rows.splice(0, 1, row('a', 1, '2'));
    };
    await relay();
    expect(rows.map((one) => one.version)).toEqual(['2']);
  });
});
