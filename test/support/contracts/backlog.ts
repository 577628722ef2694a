/** The contract of the backlog, for a server and for the embedded engine. */
import type { Backlog } from '../../../src/documents/ports.js';
import type { Database } from '../../../src/postgres/database.js';

export interface BacklogHarness {
  database: Database;
  read(): Promise<Backlog>;
  close(): Promise<void>;
}

/** Inserts documents without history; `more` sets further columns to SQL expressions. */
export async function addDocuments(
  database: Database,
  status: string,
  count: number,
  more: Record<string, string> = {},
): Promise<void> {
  const columns = Object.keys(more).map((column) => `, ${column}`);
  const values = Object.values(more).map((value) => `, ${value}`);
  await database.query(
    `insert into documents (
            id, user_id, filename, file_size, mime_type, job_id, content_hash, blob_key,
            max_attempts, status${columns.join('')})
     select gen_random_uuid(), 'user-' || n % 100, 'notes.txt', 1, 'text/plain',
            gen_random_uuid(), 'hash', gen_random_uuid()::text, 5, ?${values.join('')}
       from generate_series(1, ?) n`,
    [status, count],
  );
}

export async function addOutboxRows(
  database: Database,
  count: number,
  { ageSeconds = 0, parkedReason = null as string | null } = {},
): Promise<void> {
  await database.query(
    `insert into outbox (shard, topic, key, document_id, seq, created_at, parked_reason)
     select n % 16, 'a-topic', 'a-key', gen_random_uuid(), 1,
            clock_timestamp() - ? * interval '1 second', ?
       from generate_series(1, ?) n`,
    [ageSeconds, parkedReason, count],
  );
}

const AGO = (seconds: number) => `clock_timestamp() - interval '${seconds} seconds'`;

export function describeBacklogContract(name: string, open: () => Promise<BacklogHarness>): void {
  describe(`the backlog: ${name}`, () => {
    let harness: BacklogHarness;
    const add = (...rows: [status: string, count: number, more?: Record<string, string>]) =>
      addDocuments(harness.database, ...rows);

    beforeAll(async () => {
      harness = await open();
    });
    beforeEach(() =>
      harness.database.query(
        'truncate documents, document_events, outbox, cleanups, latest_queue, dead_letters',
      ),
    );
    afterAll(() => harness.close());

    it('is zero in an empty database', async () => {
      expect(await harness.read()).toEqual({
        documents: {
          PENDING: 0,
          EXTRACTING: 0,
          VECTORIZING: 0,
          COMPLETED: 0,
          FAILED: 0,
          CANCELLED: 0,
          DELETING: 0,
        },
        oldestWaitingSeconds: 0,
        outbox: { rows: 0, oldestSeconds: 0, parkedRows: 0 },
        latestQueueRows: 0,
        unreadableMessages: 0,
        cleanupOverdueSeconds: 0,
      });
    });

    it('counts the documents of every status', async () => {
      const leased = { lease_until: 'clock_timestamp()', lease_token: 'gen_random_uuid()' };
      const counts = { pending: 7, completed: 6, failed: 5, cancelled: 4, deleting: 3 };
      for (const [status, count] of Object.entries(counts)) await add(status, count);
      await add('extracting', 2, leased);
      await add('vectorizing', 1, leased);
      const { documents } = await harness.read();
      expect(documents).toEqual({
        PENDING: 7,
        COMPLETED: 6,
        FAILED: 5,
        CANCELLED: 4,
        DELETING: 3,
        EXTRACTING: 2,
        VECTORIZING: 1,
      });
    });

    it('returns how long the first due document has been due: since its upload, schedule or retry', async () => {
      await add('pending', 1, { updated_at: AGO(500), scheduled_for: AGO(60) });
      expect((await harness.read()).oldestWaitingSeconds).toBeCloseTo(60, -1);
      await add('pending', 1, { updated_at: AGO(500), next_attempt_at: AGO(120) });
      expect((await harness.read()).oldestWaitingSeconds).toBeCloseTo(120, -1);
      await add('pending', 1, { updated_at: AGO(300) });
      expect((await harness.read()).oldestWaitingSeconds).toBeCloseTo(300, -1);
    });

    it('ignores documents that are not due yet or do not wait', async () => {
      await add('pending', 1, {
        updated_at: AGO(500),
        scheduled_for: "clock_timestamp() + interval '1 hour'",
      });
      await add('completed', 1, { updated_at: AGO(500) });
      await add('extracting', 1, { updated_at: AGO(500), lease_until: 'clock_timestamp()' });
      expect((await harness.read()).oldestWaitingSeconds).toBe(0);
    });

    it('counts the outbox with the age of its oldest row, and parked rows apart', async () => {
      await addOutboxRows(harness.database, 2, { ageSeconds: 900, parkedReason: 'TOO_LARGE' });
      await addOutboxRows(harness.database, 1, { ageSeconds: 40 });
      await addOutboxRows(harness.database, 3);
      const { outbox } = await harness.read();
      expect(outbox).toMatchObject({ rows: 4, parkedRows: 2 });
      expect(outbox.oldestSeconds).toBeCloseTo(40, -1);
    });

    it('counts documents queued for the compacted topic, and unreadable messages', async () => {
      await harness.database.query(
        'insert into latest_queue (document_id, shard) select gen_random_uuid(), 1 from generate_series(1, 3)',
      );
      await harness.database.query(
        "insert into dead_letters (topic, partition, message_offset, reason) select 'a-topic', 0, n, 'NOT_JSON' from generate_series(1, 2) n",
      );
      expect(await harness.read()).toMatchObject({ latestQueueRows: 3, unreadableMessages: 2 });
    });

    it('returns for how long a cleanup is overdue and ignores those not due yet', async () => {
      const insert = (runAt: string) =>
        harness.database.query(
          `insert into cleanups (document_id, user_id, run_at) values (gen_random_uuid(), 'alice', ${runAt})`,
        );
      await insert("clock_timestamp() + interval '1 day'");
      expect((await harness.read()).cleanupOverdueSeconds).toBe(0);
      await insert(AGO(700));
      expect((await harness.read()).cleanupOverdueSeconds).toBeCloseTo(700, -1);
    });
  });
}
