/**
 * Tests with concurrent sessions and processes, which the embedded engine does not have: it is one
 * session.
 */
import { Client } from 'pg';
import { randomUUID } from 'node:crypto';
import type { NewDocument } from '../../src/documents/ports.js';
import { TOPICS, toShard } from '../../src/messages/topics.js';
import { built } from '../support/built.js';
import {
  describeDocumentStoreContract,
  type DocumentStoreHarness,
} from '../support/contracts/document-store.js';
import { makeLogger } from '../support/make-logger.js';
import { createDatabase, openOwnDatabase, type OwnDatabase } from '../support/own-database.js';
import { describeWith } from '../support/real-server.js';
import { eventually } from '../support/wait.js';

const { openDatabase } =
  await built<typeof import('../../src/postgres/database.js')>('postgres/database.js');
const { createDocumentStore } = await built<typeof import('../../src/postgres/document-store.js')>(
  'postgres/document-store.js',
);
const { createOutbox } =
  await built<typeof import('../../src/postgres/outbox.js')>('postgres/outbox.js');
const { startShardOwner } =
  await built<typeof import('../../src/postgres/shard-owner.js')>('postgres/shard-owner.js');

const { Documents0001 } = await built<
  typeof import('../../src/postgres/migrations/0001-documents.js')
>('postgres/migrations/0001-documents.js');
const { Relay0003 } = await built<typeof import('../../src/postgres/migrations/0003-relay.js')>(
  'postgres/migrations/0003-relay.js',
);
const { Backlog0004 } = await built<typeof import('../../src/postgres/migrations/0004-backlog.js')>(
  'postgres/migrations/0004-backlog.js',
);

const OLDER = {
  '0001-documents': Documents0001,
  '0003-relay': Relay0003,
  '0004-backlog': Backlog0004,
};
const ALL_SHARDS = Array.from({ length: 16 }, (_, shard) => shard);

function newDocument(more: Partial<NewDocument> = {}): NewDocument {
  const id = randomUUID();
  return {
    id,
    userId: 'alice',
    filename: 'notes.txt',
    mimeType: 'text/plain',
    fileSize: 42,
    contentHash: randomUUID(),
    blobKey: id,
    jobId: randomUUID(),
    priority: 'NORMAL',
    scheduledFor: null,
    force: false,
    ...more,
  };
}

describeWith('DATABASE_URL', (server) => {
  describeDocumentStoreContract('a PostgreSQL server', async (): Promise<DocumentStoreHarness> => {
    const { database, close } = await openOwnDatabase(server, 4);
    return {
      createStore: (maxAttempts) => createDocumentStore({ database, maxAttempts }),
      outbox: createOutbox({ database, shards: () => ALL_SHARDS }),
      clear: async () =>
        void (await database.query(
          'truncate documents, document_events, outbox, cleanups, latest_queue',
        )),
      setCreatedAt: async (ids, at) => {
        for (const id of ids)
          await database.query('update documents set created_at = ? where id = ?', [at, id]);
      },
      setFairAt: async (userId, at) =>
        void (await database.query('update documents set fair_at = ? where user_id = ?', [
          at,
          userId,
        ])),
      makeCleanupsDue: async () =>
        void (await database.query('update cleanups set run_at = clock_timestamp()')),
      close,
    };
  });

  /** An event as document_events stored it before migration 0005. */
  const oldEvent = {
    kind: 'CHANGE',
    documentId: 'a0000000-0000-4000-8000-000000000001',
    userId: 'old',
    seq: 3,
    status: 'FAILED',
    previousStatus: 'EXTRACTING',
    progress: { done: 0, total: null },
    attempt: 1,
    generation: 1,
    vectorCount: 0,
    error: {
      code: 'CORRUPT',
      cause: null,
      message: 'The file is damaged.',
      retryable: false,
      stage: 'EXTRACTING',
    },
    message: 'The file is damaged.',
    occurredAt: '2026-11-24T10:00:00.123Z',
    document: {
      id: 'a0000000-0000-4000-8000-000000000001',
      jobId: 'b0000000-0000-4000-8000-000000000002',
      priority: 'LOW',
      scheduledFor: null,
      nextAttemptAt: null,
      startedAt: '2026-11-24T09:59:59.000Z',
      processedAt: '2026-11-24T10:00:00.123Z',
    },
  };

  describe('the store with concurrent sessions', () => {
    let own: OwnDatabase;
    beforeAll(async () => {
      own = await openOwnDatabase(server, 10);
    });
    afterAll(() => own.close());

    const open = () => createDocumentStore({ database: own.database, maxAttempts: 3 });

    it('gives each document to one of eight concurrent claims', async () => {
      const store = open();
      for (let count = 0; count < 80; count += 1)
        await store.accept(newDocument({ userId: `user-${count % 20}` }));
      const claims = await Promise.all(
        Array.from({ length: 8 }, () =>
          open().claim({ limit: 10, leaseMs: 60_000, maxPerUser: 100 }),
        ),
      );
      const ids = claims.flatMap((result) => result.claims.map(({ document }) => document.id));
      expect(new Set(ids).size).toBe(ids.length);
      for (let more = 1; more > 0;) {
        const { claims: rest } = await store.claim({ limit: 80, leaseMs: 60_000, maxPerUser: 100 });
        ids.push(...rest.map(({ document }) => document.id));
        more = rest.length;
      }
      expect([ids.length, new Set(ids).size]).toEqual([80, 80]);
    });

    it('makes one document of ten concurrent uploads of the same bytes', async () => {
      const contentHash = randomUUID();
      const results = await Promise.all(
        Array.from({ length: 10 }, () =>
          open().accept(newDocument({ userId: 'twin', contentHash })),
        ),
      );
      expect(new Set(results.map(({ document }) => document.id)).size).toBe(1);
    });

    it('inserts the same documents in different orders without a deadlock', async () => {
      const gate = new Client({ connectionString: own.url });
      await gate.connect();
      const crossing = await openDatabase(
        { url: `${own.url}?application_name=crossing`, poolSize: 2 },
        { holdsVectors: false },
      );
      for (let round = 0; round < 5; round += 1) {
        const hashes = Array.from({ length: 90 }, () => randomUUID());
        // Both transactions wait for the lock and then write at the same moment.
        await gate.query('begin; lock table documents in exclusive mode');
        const accepting = [hashes, hashes.toReversed()].map((order) => {
          const store = createDocumentStore({ database: crossing, maxAttempts: 3 });
          return Promise.all(
            order.map((contentHash) =>
              store.accept(newDocument({ userId: 'crossing', contentHash })),
            ),
          );
        });
        const waiting =
          "select from pg_locks where relation = 'documents'::regclass and not granted";
        await eventually(async () => (await gate.query(waiting)).rowCount === 2);
        await gate.query('commit');
        const ids = (await Promise.all(accepting)).flat().map(({ document }) => document.id);
        expect([ids.length, new Set(ids).size]).toEqual([180, 90]);
      }
      await crossing.close();
      // The server counts the deadlocks of a session when the session ends, at the latest.
      await eventually(
        async () =>
          (await gate.query("select from pg_stat_activity where application_name = 'crossing'"))
            .rowCount === 0,
      );
      const { rows } = await gate.query<{ deadlocks: string }>(
        'select deadlocks from pg_stat_database where datname = current_database()',
      );
      expect(rows).toEqual([{ deadlocks: '0' }]);
      await gate.end();
    });

    it('cancels statements after the timeout, on every connection, if one is set', async () => {
      const limited = await openDatabase(
        { url: own.url, poolSize: 2 },
        { holdsVectors: false, statementTimeoutMs: 100 },
      );
      const slow = () => limited.query('select pg_sleep(30)');
      const outcomes = await Promise.allSettled([slow(), slow(), limited.query('select 1')]);
      expect(outcomes).toMatchObject([
        { status: 'rejected', reason: { code: 'DEPENDENCY_UNAVAILABLE' } },
        { status: 'rejected', reason: { code: 'DEPENDENCY_UNAVAILABLE' } },
        { status: 'fulfilled' },
      ]);
      await limited.close();
      expect(await own.database.query('show statement_timeout')).toEqual([
        { statement_timeout: '0' },
      ]);
    });

    it('reclaims an expired lease once', async () => {
      const { document } = await open().accept(newDocument({ userId: 'late' }));
      await own.database.query(
        'update documents set priority = 0, fair_at = to_timestamp(0) where id = ?',
        [document.id],
      );
      const { claims } = await open().claim({ limit: 1, leaseMs: 1, maxPerUser: 100 });
      expect(claims[0]?.document.id).toBe(document.id);
      const reclaimed = await eventually(async () => {
        const events = (
          await Promise.all(
            Array.from({ length: 5 }, () => open().reclaimExpiredLeases({ all: false })),
          )
        ).flat();
        return events.length > 0 && events;
      });
      expect(reclaimed.map(({ documentId, status }) => [documentId, status])).toEqual([
        [document.id, 'PENDING'],
      ]);
    });
  });

  describe('the migrator', () => {
    it('runs once when ten processes start at once on an empty database', async () => {
      const { url, drop } = await createDatabase(server);
      const opened = await Promise.all(
        Array.from({ length: 10 }, () =>
          openDatabase({ url, poolSize: 1 }, { holdsVectors: false }),
        ),
      );
      const names = await opened[0]?.query<{ name: string }>(
        'select name from schema_migrations order by id',
      );
      expect(new Set(names?.map(({ name }) => name)).size).toBe(names?.length);
      expect(names?.length).toBeGreaterThan(2);
      await Promise.all(opened.map((database) => database.close()));
      await drop();
    });

    it('keeps the history and the outbox of an older version', async () => {
      const { url, drop } = await createDatabase(server);
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(
        'create table schema_migrations (id serial primary key, name text, executed_at timestamptz default now())',
      );
      for (const [name, Migration] of Object.entries(OLDER)) {
        const migration = new Migration({} as never, {} as never);
        migration.up();
        for (const query of migration.getQueries()) await client.query(query as string);
        await client.query('insert into schema_migrations (name) values ($1)', [name]);
      }
      const { id, jobId } = oldEvent.document;
      await client.query(
        `insert into documents (
                id, user_id, filename, file_size, mime_type, status, job_id, content_hash, blob_key,
                seq, max_attempts)
         values ($1, 'old', 'old.txt', 3, 'text/plain', 'failed', $2, 'hash', $3, 3, 5)`,
        [id, jobId, id],
      );
      await client.query(
        'insert into document_events (document_id, seq, event, occurred_at) values ($1, 3, $2, $3)',
        [id, oldEvent, oldEvent.occurredAt],
      );
      await client.query(
        `insert into outbox (shard, topic, key, document_id, seq) values (15, $1, $2, $3, 3)`,
        [TOPICS.documentStatus, id, id],
      );
      await client.end();

      const database = await openDatabase({ url, poolSize: 1 }, { holdsVectors: false });
      const { document, ...facts } = oldEvent;
      const [event] = await createDocumentStore({ database, maxAttempts: 5 }).events(id, 0, 10);
      expect(event).toEqual({ ...facts, occurredAt: new Date(facts.occurredAt) });
      const [row] = await createOutbox({ database, shards: () => [toShard(id)] }).read(10);
      expect(JSON.parse(row?.record.value ?? '')).toMatchObject({
        documentId: id,
        jobId,
        nextAttemptAt: null,
        startedAt: document.startedAt,
      });
      await database.close();
      await drop();
    });

    it('can add columns while processes of this version run', async () => {
      const own = await openOwnDatabase(server, 1);
      const store = createDocumentStore({ database: own.database, maxAttempts: 5 });
      const outbox = createOutbox({ database: own.database, shards: () => ALL_SHARDS });
      async function useAll(): Promise<void> {
        const { document } = await store.accept(newDocument());
        await store.accept(newDocument({ contentHash: document.contentHash }));
        const { claims } = await store.claim({ limit: 1, leaseMs: 1_000, maxPerUser: 1 });
        const [{ document: claimed, leaseToken } = { document, leaseToken: '' }] = claims;
        await store.change([
          {
            documentId: claimed.id,
            generation: 1,
            from: 'EXTRACTING',
            to: 'FAILED',
            leaseToken,
            set: { error: null },
          },
        ]);
        await store.reclaimExpiredLeases({ all: true });
        expect((await outbox.read(100)).length).toBeGreaterThan(0);
        expect((await store.findMany([claimed.id])).length).toBe(1);
        expect((await store.events(claimed.id, 0, 10)).length).toBe(3);
        expect((await store.recent('alice', new Date(0), 10)).length).toBeGreaterThan(0);
        await store.dueCleanups(10);
        await store.markDeleting('alice', claimed.id);
      }
      await useAll();
      for (const table of ['documents', 'document_events', 'outbox', 'cleanups']) {
        await own.database.query(
          `alter table ${table} add column added_tomorrow text default 'new'`,
        );
      }
      await useAll();
      await own.close();
    });

    it('rejects a database that a newer version has changed', async () => {
      const own = await openOwnDatabase(server);
      await own.database.query(
        "insert into schema_migrations (name, executed_at) values ('9999-tomorrow', now())",
      );
      await expect(
        openDatabase({ url: own.url, poolSize: 1 }, { holdsVectors: false }),
      ).rejects.toMatchObject({
        name: 'SetupError',
        message:
          'A newer version of docstream has changed the database (9999-tomorrow); start that version.',
      });
      await own.close();
    });
  });

  describe('a shard owner', () => {
    let own: OwnDatabase;
    const owners: ReturnType<typeof startShardOwner>[] = [];
    beforeAll(async () => {
      own = await openOwnDatabase(server);
    });
    afterEach(() => Promise.all(owners.splice(0).map((owner) => owner.stop())));
    afterAll(() => own.close());

    function start(wake: () => void = () => undefined) {
      const owner = startShardOwner({
        url: own.url,
        logger: makeLogger(),
        wake,
      });
      owners.push(owner);
      return owner;
    }

    const untilOwned = (counts: number[]) =>
      eventually(
        async () => {
          for (const owner of owners) await owner.balance();
          const all = owners.flatMap((owner) => owner.owned());
          expect(new Set(all).size).toBe(all.length);
          return (
            JSON.stringify(owners.map((owner) => owner.owned().length)) === JSON.stringify(counts)
          );
        },
        { timeoutMs: 15_000, everyMs: 50, what: `shards shared as ${counts.join(', ')}` },
      );

    it('shares all shards evenly with the other owners', async () => {
      start();
      await untilOwned([16]);
      start();
      await untilOwned([8, 8]);
      start();
      start();
      await untilOwned([4, 4, 4, 4]);
    });

    it('takes the shards of an owner that stops', async () => {
      start();
      start();
      await untilOwned([8, 8]);
      await owners.splice(0, 1)[0]?.stop();
      await untilOwned([16]);
    });

    it('releases its shards when its connection is lost, and reconnects', async () => {
      const owner = start();
      await untilOwned([16]);
      const client = new Client({ connectionString: own.url });
      await client.connect();
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid in (select pid from pg_locks where locktype = 'advisory') and datname = current_database()",
      );
      await client.end();
      await eventually(() => owner.owned().length === 0, { everyMs: 1 });
      await untilOwned([16]);
    });

    it('wakes its relay after a notification', async () => {
      let wakes = 0;
      start(() => (wakes += 1));
      await untilOwned([16]);
      const before = wakes;
      await own.database.query('notify docstream_outbox');
      await eventually(() => wakes > before);
    });
  });
});
