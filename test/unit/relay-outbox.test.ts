import type { LogRecord, OutboxRow } from '../../src/documents/ports.js';
import { createRelayOutbox } from '../../src/documents/relay-outbox.js';

/** An outbox and a log in memory; the log can be away. */
function createParts(count: number) {
  const rows: OutboxRow[] = Array.from({ length: count }, (_, index) => ({ id: String(index), record: makeRecord(String(index)) }));
  const held: string[] = [];
  const log = {
    away: false,
    publish: async (records: readonly LogRecord[]) => {
      if (log.away) throw new Error('the log is away');
      held.push(...records.map((record) => record.key));
    },
  };
  const outbox = {
    read: async (limit: number) => rows.slice(0, limit),
    remove: async (ids: readonly string[]) => {
      const keep = rows.filter((row) => !ids.includes(row.id));
      rows.splice(0, rows.length, ...keep);
    },
  };
  return { rows, held, log, outbox, relay: createRelayOutbox({ outbox, log }) };
}

const makeRecord = (key: string): LogRecord => ({ topic: 'a-topic', key, headers: {}, value: key });

describe('the relay', () => {
  it('publishes the oldest rows in order and removes them', async () => {
    const { relay, rows, held } = createParts(3);
    expect(await relay()).toBe(false);
    expect(held).toEqual(['0', '1', '2']);
    expect(rows).toEqual([]);
  });

  it('says that there may be more after a full batch', async () => {
    const { relay, held } = createParts(450);
    expect([await relay(), await relay(), await relay()]).toEqual([true, true, false]);
    expect(held).toHaveLength(450);
  });

  it('keeps what the log has not acknowledged, and publishes it later', async () => {
    const { relay, rows, held, log } = createParts(3);
    log.away = true;
    await expect(relay()).rejects.toThrow('away');
    expect(rows).toHaveLength(3);
    log.away = false;
    await relay();
    expect(held).toEqual(['0', '1', '2']);
  });

  it('publishes again what could not be removed: at least once, never less', async () => {
    const { relay, held, outbox, rows } = createParts(2);
    const remove = outbox.remove;
    outbox.remove = () => Promise.reject(new Error('no database'));
    await expect(relay()).rejects.toThrow('no database');
    outbox.remove = remove;
    await relay();
    expect(held).toEqual(['0', '1', '0', '1']);
    expect(rows).toEqual([]);
  });

  it('publishes nothing when there is nothing', async () => {
    const { relay, held } = createParts(0);
    expect(await relay()).toBe(false);
    expect(held).toEqual([]);
  });
});
