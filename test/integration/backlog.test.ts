import { Client } from 'pg';
import type { Database } from '../../src/postgres/database.js';
import { built } from '../support/built.js';
import {
  addDocuments,
  addOutboxRows,
  describeBacklogContract,
} from '../support/contracts/backlog.js';
import { openOwnDatabase, type OwnDatabase } from '../support/own-database.js';
import { describeWith } from '../support/real-server.js';
import { eventually } from '../support/wait.js';

const { readBacklog } =
  await built<typeof import('../../src/postgres/backlog.js')>('postgres/backlog.js');

describeWith('DATABASE_URL', (url) => {
  describeBacklogContract('a PostgreSQL server', async () => {
    const { database, close } = await openOwnDatabase(url);
    return { database, read: () => readBacklog(database), close };
  });

  describe('the backlog of many documents', () => {
    let own: OwnDatabase;

    beforeAll(async () => {
      own = await openOwnDatabase(url);
      await addDocuments(own.database, 'pending', 100_000);
      await addDocuments(own.database, 'completed', 30_000);
      await addDocuments(own.database, 'failed', 1_000);
      await addOutboxRows(own.database, 50_000);
      // A session reports its statistics with a delay. Reported after the vacuum, its rows would
      // count twice.
      await eventually(async () => (await liveRowsOf(own.database)) >= 131_000, {
        timeoutMs: 30_000,
        what: 'the statistics of the session',
      });
      // Autovacuum does the same within a minute.
      await own.database.query('vacuum (analyze) documents');
    }, 120_000);
    afterAll(() => own.close());

    it('uses the estimate of the server for COMPLETED and exact counts for all others', async () => {
      const { documents, outbox } = await readBacklog(own.database);
      expect(documents).toMatchObject({ PENDING: 100_000, FAILED: 1_000, DELETING: 0 });
      expect(Math.abs(documents.COMPLETED - 30_000)).toBeLessThan(3_000);
      expect(outbox.rows).toBe(50_000);
    });

    it('reads indexes only, not the table of documents', async () => {
      const before = await scansOf(own.database);
      for (let times = 0; times < 3; times += 1) await readBacklog(own.database);
      const after = await eventually(async () => {
        const now = await scansOf(own.database);
        return now.indexes > before.indexes && now;
      });
      expect(after.tables).toBe(before.tables);
    });

    it('rejects after the timeout while the table is locked', async () => {
      const blocker = new Client({ connectionString: own.url });
      await blocker.connect();
      try {
        await blocker.query('begin; lock table documents in access exclusive mode');
        const startedAt = performance.now();
        await expect(readBacklog(own.database)).rejects.toMatchObject({
          code: 'DEPENDENCY_UNAVAILABLE',
        });
        expect(performance.now() - startedAt).toBeLessThan(5_000);
      } finally {
        await blocker.end();
      }
      expect((await readBacklog(own.database)).documents.FAILED).toBe(1_000);
    });
  });
});

async function liveRowsOf(database: Database): Promise<number> {
  const [row] = await database.query<{ rows: string }>(
    "select n_live_tup as rows from pg_stat_user_tables where relname = 'documents'",
  );
  return Number(row?.rows);
}

async function scansOf(database: Database): Promise<{ tables: number; indexes: number }> {
  const [row] = await database.query<{ tables: string; indexes: string }>(
    "select seq_scan as tables, idx_scan as indexes from pg_stat_user_tables where relname = 'documents'",
  );
  return { tables: Number(row?.tables), indexes: Number(row?.indexes) };
}
