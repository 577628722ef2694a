/**
 * A connection keeps the plan of a prepared statement (docs/decisions/0018) until the table is next
 * analysed. A plan from a time with few waiting documents must read few rows when thousands wait,
 * whatever the size of the table and its indexes was, and whatever its statistics said.
 */
import { Client } from 'pg';
import { randomUUID } from 'node:crypto';
import type {
  ClaimLimits,
  DocumentStore,
  LatestQueue,
  NewDocument,
  Outbox,
} from '../../src/documents/ports.js';
import { TOPICS } from '../../src/messages/topics.js';
import { built } from '../support/built.js';
import { openOwnDatabase, type OwnDatabase } from '../support/own-database.js';
import { describeWith } from '../support/real-server.js';

const { openDatabase } =
  await built<typeof import('../../src/postgres/database.js')>('postgres/database.js');
const { createDocumentStore } = await built<typeof import('../../src/postgres/document-store.js')>(
  'postgres/document-store.js',
);
const { createOutbox } =
  await built<typeof import('../../src/postgres/outbox.js')>('postgres/outbox.js');
const { createLatestQueue } = await built<typeof import('../../src/postgres/latest-queue.js')>(
  'postgres/latest-queue.js',
);

const ALL_SHARDS = Array.from({ length: 16 }, (_, shard) => shard);
const TABLES = ['documents', 'document_events', 'outbox', 'cleanups', 'latest_queue'];
const USERS = 100;
const BACKLOG = 8_000;
/**
 * The number of rows that a statement may read. A claim reads 72 waiting documents of each reading
 * load and a relay reads 100 events, each by several indexes.
 */
const FEW = 1_000;

/** Limits under which other users may be hidden, so that a claim looks for them one by one. */
const EVERYBODY_RUNS: ClaimLimits = {
  readers: 8,
  largeReaders: 8,
  maxReadingPerUser: 8,
  reservedSlots: 0,
  users: Array.from({ length: USERS }, (_, user) => ({
    userId: `user-${user}`,
    running: 1,
    reading: 0,
    readingSteps: 0,
  })),
};

/**
 * Numbers of documents around those at which the indexes gain a second level and the planner makes
 * other plans.
 */
const SIZES = Array.from({ length: 10 }, (_, index) => 40 + index * 70);

/** Inserts rows as uploads do: a user's next document comes a minute after the previous one. */
const INSERT = `
  insert into documents (
         id, user_id, filename, file_size, mime_type, job_id, content_hash, dedupe_hash, blob_key,
         max_attempts, reading_load, fair_at, status)
  select gen_random_uuid(), 'user-' || n % ${USERS}, 'note.txt', 1000, 'text/plain',
         gen_random_uuid(), hash, hash, gen_random_uuid()::text, 5, n % 3,
         clock_timestamp() + n / ${USERS} * interval '1 minute', $2
    from (select n, md5(n::text || random()::text) as hash
            from generate_series(0, $1::integer - 1) n) as rows`;

const SHARD = 'get_byte(uuid_send(document_id), 0) / 16';

/** Inserts the history of all documents and its rows in the outbox and the latest queue. */
const INSERT_EVENTS = `
  with events as (
    insert into document_events (
           document_id, seq, status, occurred_at, generation, attempt, progress_done, vector_count,
           job_id, priority)
    select id, 1, status, created_at, 1, 0, 0, 0, job_id, priority from documents
    on conflict do nothing returning document_id
  ), published as (
    insert into outbox (shard, topic, key, document_id, seq)
    select ${SHARD}, '${TOPICS.documentStatus}', document_id::text, document_id, 1 from events
  )
  insert into latest_queue (document_id, shard) select document_id, ${SHARD} from events`;

describeWith('DATABASE_URL', (server) => {
  describe('a kept plan', () => {
    let own: OwnDatabase;
    let store: DocumentStore;
    let outbox: Outbox;
    let latest: LatestQueue;
    let client: Client;
    let discardPlans: () => Promise<void>;
    let flush: () => Promise<void>;
    let close: () => Promise<void>;

    beforeAll(async () => {
      own = await openOwnDatabase(server, 1);
      client = new Client({ connectionString: own.url });
      await client.connect();
      for (const table of TABLES)
        await client.query(`alter table ${table} set (autovacuum_enabled = off)`);
      // By default a connection decides after five executions whether it keeps a plan.
      await client.query(
        `alter database ${new URL(own.url).pathname.slice(1)} set plan_cache_mode = force_generic_plan`,
      );
      const database = await openDatabase({ url: own.url, poolSize: 1 }, { holdsVectors: false });
      store = createDocumentStore({ database, maxAttempts: 5 });
      outbox = createOutbox({ database, shards: () => ALL_SHARDS });
      latest = createLatestQueue({ database, shards: () => ALL_SHARDS });
      discardPlans = async () => void (await database.query('discard plans'));
      flush = async () => void (await database.query('select pg_stat_force_next_flush()'));
      close = () => database.close();
    });
    afterAll(async () => {
      await client.end();
      await close();
      await own.close();
    });

    beforeEach(() => client.query(`truncate ${TABLES.join(', ')}`));

    /** Returns the rows that all sessions have read, after both have flushed their statistics. */
    const rowsRead = async (): Promise<number> => {
      await flush();
      await client.query('select pg_stat_force_next_flush()');
      const { rows } = await client.query<{ read: string }>(`
        select (select sum(idx_tup_read) from pg_stat_user_indexes)
             + (select sum(seq_tup_read) from pg_stat_user_tables) as read`);
      return Number(rows[0]?.read);
    };

    async function readBy(use: () => Promise<unknown>): Promise<number> {
      const before = await rowsRead();
      await use();
      return (await rowsRead()) - before;
    }

    /** Runs the statements of uploads, claims and queue reads; returns the rows that each read. */
    async function useAll(): Promise<Record<string, number>> {
      const documents = Array.from({ length: 10 }, () => newDocument());
      const accept = await readBy(() =>
        Promise.all(documents.map((document) => store.accept(document))),
      );
      const again = documents.slice(0, 1).map((document) => ({ ...document, id: randomUUID() }));
      const duplicate = await readBy(() =>
        Promise.all(again.map((document) => store.accept(document))),
      );
      const { claims } = await store.claim({ limit: 1, leaseMs: 60_000, maxPerUser: USERS });
      const claim = await readBy(() =>
        store.claim({ limit: 8, leaseMs: 60_000, maxPerUser: USERS }),
      );
      const behind = await readBy(() =>
        store.claim({ limit: 8, leaseMs: 60_000, maxPerUser: USERS, limits: EVERYBODY_RUNS }),
      );
      const [{ document, leaseToken } = { document: documents[0], leaseToken: '' }] = claims;
      if (!document) throw new RangeError('nothing was claimed');
      const { id: documentId } = document;
      const retry = { error: null, nextAttemptInMs: 0 };
      const change = await readBy(() =>
        store.change([
          { documentId, generation: 1, from: 'EXTRACTING', to: 'PENDING', leaseToken, set: retry },
        ]),
      );
      const position = await readBy(() => store.queuePositions([documentId]));
      const expired = await readBy(() => store.reclaimExpiredLeases({ all: false }));
      const renew = await readBy(() =>
        store.renew([{ documentId, leaseToken, progressDone: 0 }], 60_000),
      );
      const find = await readBy(() => store.findMany([documentId]));
      const events = await readBy(() => store.events(documentId, 0, 10));
      const histories = await readBy(() => store.eventsOfMany([documentId, randomUUID()], 0, 10));
      const blobs = await readBy(() => store.findOrphanedBlobs([documentId, randomUUID()]));
      const publish = await readBy(async () =>
        outbox.remove((await outbox.read(100)).map(({ id }) => id)),
      );
      const compact = await readBy(async () => latest.remove(await latest.read(100)));
      return {
        accept,
        duplicate,
        claim,
        behind,
        change,
        position,
        expired,
        renew,
        find,
        events,
        histories,
        blobs,
        publish,
        compact,
      };
    }

    async function insert(documents: number, status: string): Promise<void> {
      await client.query(INSERT, [documents, status]);
      await client.query(INSERT_EVENTS);
    }

    /** Plans with few documents, then returns the statements that read too many rows. */
    async function planNowUseLater(): Promise<Record<string, number>> {
      await discardPlans();
      await useAll();
      await insert(BACKLOG, 'pending');
      const read = await useAll();
      expect(read['claim']).toBeGreaterThanOrEqual(8);
      expect(read['publish']).toBeGreaterThanOrEqual(100);
      return Object.fromEntries(Object.entries(read).filter(([, rows]) => rows > FEW));
    }

    it.each(SIZES)(
      'reads few rows if made at %i waiting documents without statistics',
      async (size) => {
        await insert(size, 'pending');
        expect(await planNowUseLater()).toEqual({});
      },
    );

    it.each([0, 100, 250])(
      'reads few rows if made with %i waiting documents after an analysed empty queue',
      async (waiting) => {
        await insert(2_000, 'completed');
        await client.query(`vacuum analyze ${TABLES.join(', ')}`);
        await insert(waiting, 'pending');
        expect(await planNowUseLater()).toEqual({});
      },
    );
  });
});

let count = 0;

function newDocument(): NewDocument {
  const id = randomUUID();
  return {
    id,
    userId: `user-${(count += 1) % USERS}`,
    filename: 'note.txt',
    mimeType: 'text/plain',
    fileSize: 1_000,
    contentHash: randomUUID(),
    blobKey: id,
    jobId: randomUUID(),
    priority: 'NORMAL',
    scheduledFor: null,
    force: false,
  };
}
