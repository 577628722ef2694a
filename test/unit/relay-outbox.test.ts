import type { LogRecord, OutboxRow } from '../../src/documents/ports.js';
import { createRelayOutbox } from '../../src/documents/relay-outbox.js';
import { makeLog } from '../support/make-log.js';

/** Returns an outbox and an event log in memory. The event log can be unavailable. */
function createHarness(count: number) {
  const rows: OutboxRow[] = Array.from({ length: count }, (_, index) => ({
    id: String(index),
    record: makeRecord(String(index)),
  }));
  const held: string[] = [];
  const eventLog = {
    isAvailable: true,
    publish: async (records: readonly LogRecord[]) => {
      if (!eventLog.isAvailable) throw new Error('the event log is unavailable');
      held.push(
        ...records.filter((record) => record.value !== 'too large').map((record) => record.key),
      );
      return records.flatMap((record, index) =>
        record.value === 'too large' ? [{ index, reason: 'MESSAGE_TOO_LARGE' }] : [],
      );
    },
  };
  const parked: { id: string; reason: string }[] = [];
  const outbox = {
    park: async (refused: readonly { id: string; reason: string }[]) => {
      parked.push(...refused);
      for (const { id } of refused)
        rows.splice(
          rows.findIndex((row) => row.id === id),
          1,
        );
    },
    read: async (limit: number) => rows.slice(0, limit),
    remove: async (ids: readonly string[]) => {
      const keep = rows.filter((row) => !ids.includes(row.id));
      rows.splice(0, rows.length, ...keep);
    },
  };
  return {
    rows,
    held,
    parked,
    eventLog,
    outbox,
    relay: createRelayOutbox({ outbox, eventLog, logger: makeLog() }),
  };
}

const makeRecord = (key: string): LogRecord => ({ topic: 'a-topic', key, headers: {}, value: key });

describe('the relay', () => {
  it('publishes the oldest rows in order and removes them', async () => {
    const { relay, rows, held } = createHarness(3);
    expect(await relay()).toBe(3);
    expect(held).toEqual(['0', '1', '2']);
    expect(rows).toEqual([]);
  });

  it('returns the number of rows, at most one batch', async () => {
    const { relay, held } = createHarness(2_250);
    expect([await relay(), await relay(), await relay()]).toEqual([1_000, 1_000, 250]);
    expect(held).toHaveLength(2_250);
  });

  it('keeps rows that the event log has not acknowledged, and publishes them later', async () => {
    const { relay, rows, held, eventLog } = createHarness(3);
    eventLog.isAvailable = false;
    await expect(relay()).rejects.toThrow('unavailable');
    expect(rows).toHaveLength(3);
    eventLog.isAvailable = true;
    await relay();
    expect(held).toEqual(['0', '1', '2']);
  });

  it('publishes rows again that could not be removed', async () => {
    const { relay, held, outbox, rows } = createHarness(2);
    const remove = outbox.remove;
    outbox.remove = () => Promise.reject(new Error('no database'));
    await expect(relay()).rejects.toThrow('no database');
    outbox.remove = remove;
    await relay();
    expect(held).toEqual(['0', '1', '0', '1']);
    expect(rows).toEqual([]);
  });

  it('parks a record that the event log refuses, and publishes the others', async () => {
    const { relay, rows, held, parked } = createHarness(3);
    const second = rows[1];
    if (second) second.record = { ...second.record, value: 'too large' };
    await relay();
    expect([held, parked, rows]).toEqual([
      ['0', '2'],
      [{ id: '1', reason: 'MESSAGE_TOO_LARGE' }],
      [],
    ]);
  });

  it('publishes nothing if the outbox is empty', async () => {
    const { relay, held } = createHarness(0);
    expect(await relay()).toBe(0);
    expect(held).toEqual([]);
  });
});
