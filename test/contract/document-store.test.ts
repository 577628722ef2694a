import {
  describeDocumentStoreContract,
  type DocumentStoreHarness,
} from '../support/contracts/document-store.js';
import { built, openEmbeddedDatabase } from '../support/built.js';

type DocumentsModule = typeof import('../../src/postgres/document-store.js');
type OutboxModule = typeof import('../../src/postgres/outbox.js');

const { createDocumentStore } = await built<DocumentsModule>('postgres/document-store.js');
const { createOutbox } = await built<OutboxModule>('postgres/outbox.js');

describeDocumentStoreContract(
  'the embedded PostgreSQL',
  async (): Promise<DocumentStoreHarness> => {
    const { database, close } = await openEmbeddedDatabase();
    return {
      createStore: (maxAttempts) => createDocumentStore({ database, maxAttempts }),
      outbox: createOutbox({
        database,
        shards: () => Array.from({ length: 16 }, (_, shard) => shard),
      }),
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
  },
);
