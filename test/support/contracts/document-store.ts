/** The contract of every DocumentStore: the documents, the queue and the history. */
import { randomUUID } from 'node:crypto';
import type { Document, DocumentStatus } from '../../../src/documents/document.js';
import type {
  Change,
  Claim,
  ClaimLimits,
  Cleanup,
  DocumentStore,
  NewDocument,
  Outbox,
  UserLoad,
} from '../../../src/documents/ports.js';
import { readingLoadOf } from '../../../src/documents/reading-load.js';
import { TOPICS } from '../../../src/messages/topics.js';
import { eventually } from '../wait.js';

export interface DocumentStoreHarness {
  /** Creates a store on the same documents, which fail after `maxAttempts` attempts. */
  createStore(maxAttempts: number): DocumentStore;
  outbox: Outbox;
  /** Removes all documents, outbox rows and cleanups. */
  clear(): Promise<void>;
  /** Sets the time at which these documents were accepted. */
  setCreatedAt(ids: readonly string[], at: Date): Promise<void>;
  /** Sets the position in the queue of all waiting documents of this user. */
  setFairAt(userId: string, at: Date): Promise<void>;
  /** Makes every cleanup due. */
  makeCleanupsDue(): Promise<void>;
  close(): Promise<void>;
}

const LEASE_MS = 60_000;
const LATER = () => new Date(Date.now() + 3_600_000);
const LONG_AGO = new Date('2001-02-03T04:05:06.789Z');

export function describeDocumentStoreContract(
  name: string,
  open: () => Promise<DocumentStoreHarness>,
): void {
  describe(`a document store: ${name}`, () => {
    let harness: DocumentStoreHarness;
    let store: DocumentStore;

    beforeAll(async () => {
      harness = await open();
      store = harness.createStore(3);
    });
    beforeEach(() => harness.clear());
    afterAll(() => harness.close());

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

    async function accept(more: Partial<NewDocument> = {}, by = store): Promise<Document> {
      return (await by.accept(newDocument(more))).document;
    }

    /** Accepts one after the other, because the order of the queue depends on it. */
    async function acceptAll(all: Partial<NewDocument>[]): Promise<string[]> {
      const ids: string[] = [];
      for (const more of all) ids.push((await accept(more)).id);
      return ids;
    }

    async function claim(
      limit = 10,
      options: { leaseMs?: number; maxPerUser?: number; limits?: ClaimLimits } = {},
    ): Promise<Claim[]> {
      return (await store.claim({ limit, leaseMs: LEASE_MS, maxPerUser: 10, ...options })).claims;
    }

    async function claimOne(options: { leaseMs?: number } = {}): Promise<Claim> {
      return first(await claim(1, options));
    }

    /** Moves the documents of this user to the end of the queue. */
    const moveBehindAll = (userId: string) =>
      harness.setFairAt(userId, new Date(Date.now() + 7 * 86_400_000));

    const namesOf = (claims: readonly Claim[]) => claims.map(({ document }) => document.filename);

    async function change(document: Document, to: DocumentStatus, more: Partial<Change> = {}) {
      const [event] = await store.change([
        {
          documentId: document.id,
          generation: document.generation,
          from: document.status,
          to,
          ...more,
        },
      ]);
      return event ?? null;
    }

    /** Completes a document through every stage, as a worker does. */
    async function complete({ document, leaseToken }: Claim): Promise<Document> {
      const vectorizing = await change(document, 'VECTORIZING', {
        leaseToken,
        set: { chunkCount: 2 },
      });
      const set = {
        progressDone: 2,
        vectorCount: 2,
        liveGeneration: document.generation,
        error: null,
      };
      const completed = await change(present(vectorizing?.document), 'COMPLETED', {
        leaseToken,
        set,
      });
      return present(completed?.document);
    }

    async function outboxOf(documentId: string) {
      return (await harness.outbox.read(1_000))
        .map((row) => row.record)
        .filter((record) => record.key === documentId);
    }

    async function emptyOutbox(): Promise<void> {
      await harness.outbox.remove((await harness.outbox.read(1_000)).map((row) => row.id));
    }

    async function cleanupsOf(documentId: string): Promise<Cleanup[]> {
      return (await store.dueCleanups(100)).filter((cleanup) => cleanup.documentId === documentId);
    }

    describe('accepting', () => {
      it('stores a PENDING document with all given facts', async () => {
        const uploaded = newDocument({
          filename: 'Größe 😀.pdf',
          fileSize: 5_000_000_000,
          priority: 'HIGH',
          scheduledFor: LATER(),
        });
        const { document, duplicateOf } = await store.accept(uploaded);
        const { force: _force, ...facts } = uploaded;
        expect(document).toMatchObject({
          ...facts,
          status: 'PENDING',
          seq: 1,
          generation: 1,
          attempt: 0,
          maxAttempts: 3,
        });
        expect(document).toMatchObject({
          liveGeneration: null,
          error: null,
          vectorCount: 0,
          progress: { done: 0, total: null },
        });
        expect(duplicateOf).toBeNull();
        expect(await store.find('alice', uploaded.id)).toEqual(document);
      });

      it('writes the first event and queues it with a wake-up message', async () => {
        const { id } = await accept();
        expect(await store.events(id, 0, 10)).toEqual([
          expect.objectContaining({
            kind: 'CHANGE',
            seq: 1,
            status: 'PENDING',
            previousStatus: null,
          }),
        ]);
        expect((await outboxOf(id)).map((record) => record.topic)).toEqual([
          TOPICS.documentStatus,
          TOPICS.jobs,
        ]);
      });

      it('returns the document with the same bytes and writes nothing', async () => {
        const one = await accept({ contentHash: 'same' });
        const again = await store.accept(newDocument({ contentHash: 'same' }));
        expect(again).toEqual({ document: one, duplicateOf: one.id });
        expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 1 }]);
      });

      it('makes one document of concurrent uploads of the same bytes', async () => {
        const results = await Promise.all(
          Array.from({ length: 8 }, () => store.accept(newDocument({ contentHash: 'same' }))),
        );
        expect(results.filter((result) => result.duplicateOf === null)).toHaveLength(1);
        expect(new Set(results.map((result) => result.document.id)).size).toBe(1);
      });

      it('finds a COMPLETED document with the same bytes', async () => {
        const { id } = await accept({ contentHash: 'same' });
        await complete(await claimOne());
        expect((await store.accept(newDocument({ contentHash: 'same' }))).duplicateOf).toBe(id);
      });

      it('accepts the same bytes from two users', async () => {
        await accept({ contentHash: 'same' });
        expect(
          (await store.accept(newDocument({ contentHash: 'same', userId: 'bob' }))).duplicateOf,
        ).toBeNull();
      });

      it('makes another document of the same bytes if the upload is forced', async () => {
        await accept({ contentHash: 'same' });
        expect(
          (await store.accept(newDocument({ contentHash: 'same', force: true }))).duplicateOf,
        ).toBeNull();
        expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 2 }]);
      });

      it('finds a forced document with the same bytes', async () => {
        const forced = await accept({ contentHash: 'same', force: true });
        expect((await store.accept(newDocument({ contentHash: 'same' }))).duplicateOf).toBe(
          forced.id,
        );
      });

      it.each(['FAILED', 'CANCELLED'] as const)(
        'makes a new document of the same bytes after %s',
        async (status) => {
          await change(await accept({ contentHash: 'same' }), status);
          expect((await store.accept(newDocument({ contentHash: 'same' }))).duplicateOf).toBeNull();
        },
      );

      it('makes a new document of the same bytes after a deletion', async () => {
        const { id } = await accept({ contentHash: 'same' });
        await store.markDeleting('alice', id);
        expect((await store.accept(newDocument({ contentHash: 'same' }))).duplicateOf).toBeNull();
      });

      describe('concurrently', () => {
        const acceptAtOnce = (all: readonly NewDocument[]) =>
          Promise.all(all.map((document) => store.accept(document)));

        it('queues documents as if they had been accepted one after the other', async () => {
          await acceptAll([{ filename: 'alice 1' }]);
          await acceptAtOnce([
            newDocument({ filename: 'alice 2' }),
            newDocument({ filename: 'alice later', scheduledFor: LATER() }),
            newDocument({ filename: 'alice 3' }),
            newDocument({ filename: 'bob 1', userId: 'bob' }),
            newDocument({ filename: 'alice high', priority: 'HIGH' }),
            newDocument({ filename: 'bob 2', userId: 'bob' }),
          ]);
          await acceptAll([{ filename: 'alice 4' }]);
          const names = namesOf(await claim());
          expect(names.filter((name) => name.startsWith('alice'))).toEqual([
            'alice high',
            'alice 1',
            'alice 2',
            'alice 3',
            'alice 4',
          ]);
          expect(names.filter((name) => name.startsWith('bob'))).toEqual(['bob 1', 'bob 2']);
          expect(names.indexOf('bob 1')).toBeLessThan(names.indexOf('alice 2'));
          expect(names.indexOf('bob 2')).toBeLessThan(names.indexOf('alice 3'));
        });

        it('keeps the order of the documents of one user, however many wait', async () => {
          await acceptAtOnce(
            Array.from({ length: 250 }, (_, index) => newDocument({ filename: String(index) })),
          );
          const names = namesOf(await claim(250, { maxPerUser: 250 }));
          expect(names).toEqual(Array.from({ length: 250 }, (_, index) => String(index)));
        });

        it('returns to each upload its own document and event, or its duplicate', async () => {
          const known = await accept({ contentHash: 'known' });
          const uploads = [
            newDocument({ contentHash: 'new', filename: 'a' }),
            newDocument({ contentHash: 'known', filename: 'b' }),
            newDocument({ contentHash: 'new', filename: 'c' }),
            newDocument({ contentHash: 'new', filename: 'd', userId: 'bob' }),
            newDocument({ contentHash: 'known', filename: 'e', force: true }),
            newDocument({ contentHash: 'other', filename: 'f', force: true }),
            newDocument({ contentHash: 'other', filename: 'g' }),
          ];
          const results = await acceptAtOnce(uploads);
          const idOf = (index: number) => present(uploads[index]).id;
          expect(results.map(({ document, duplicateOf }) => [document.id, duplicateOf])).toEqual([
            [idOf(0), null],
            [known.id, known.id],
            [idOf(0), idOf(0)],
            [idOf(3), null],
            [idOf(4), null],
            [idOf(5), null],
            [idOf(5), idOf(5)],
          ]);
          const events = results.flatMap((result) =>
            result.duplicateOf === null ? [result.event] : [],
          );
          expect(events.map(({ documentId, seq, status }) => [documentId, seq, status])).toEqual(
            [0, 3, 4, 5].map((index) => [idOf(index), 1, 'PENDING']),
          );
          for (const { documentId } of events)
            expect(await store.events(documentId, 0, 10)).toHaveLength(1);
          expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 4 }]);
        });

        it('rejects only the document that cannot be written', async () => {
          const uploads = [
            newDocument(),
            newDocument({ filename: 'no database keeps a \0' }),
            newDocument(),
          ];
          const outcomes = await Promise.allSettled(
            uploads.map((document) => store.accept(document)),
          );
          expect(outcomes.map(({ status }) => status)).toEqual([
            'fulfilled',
            'rejected',
            'fulfilled',
          ]);
          expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 2 }]);
          expect((await outboxOf(present(uploads[1]).id)).length).toBe(0);
        });
      });
    });

    describe('claiming', () => {
      it('changes a due document to EXTRACTING with its own lease and counts the attempt', async () => {
        const { id } = await accept();
        const { claims, events } = await store.claim({
          limit: 5,
          leaseMs: LEASE_MS,
          maxPerUser: 5,
        });
        expect(claims).toHaveLength(1);
        expect(claims[0]?.document).toMatchObject({
          id,
          status: 'EXTRACTING',
          seq: 2,
          attempt: 1,
          startedAt: expect.any(Date) as Date,
        });
        expect(events).toEqual([
          expect.objectContaining({
            documentId: id,
            previousStatus: 'PENDING',
            status: 'EXTRACTING',
          }),
        ]);
      });

      it('gives each document to one claim only', async () => {
        await acceptAll([{}, {}, {}]);
        const claims = (await Promise.all([claim(2), claim(2), claim(2)])).flat();
        // Concurrent claims skip rows that another one locks. The next claim finds them.
        claims.push(...(await claim(2)));
        expect(new Set(claims.map(({ document }) => document.id)).size).toBe(3);
        expect(claims).toHaveLength(3);
        expect(new Set(claims.map(({ leaseToken }) => leaseToken)).size).toBe(3);
      });

      it('takes no more documents than the limit', async () => {
        await acceptAll([{}, {}, {}]);
        expect(await claim(2)).toHaveLength(2);
      });

      it('takes the oldest document of a user first', async () => {
        await acceptAll([{ filename: 'a' }, { filename: 'b' }, { filename: 'c' }]);
        expect(namesOf(await claim())).toEqual(['a', 'b', 'c']);
      });

      it('takes HIGH before NORMAL before LOW', async () => {
        await acceptAll([
          { filename: 'low', userId: 'a', priority: 'LOW' },
          { filename: 'normal', userId: 'b' },
          { filename: 'high', userId: 'c', priority: 'HIGH' },
        ]);
        expect(namesOf(await claim())).toEqual(['high', 'normal', 'low']);
      });

      it('takes the first document of every user before any second one', async () => {
        await acceptAll([
          { filename: 'alice 1' },
          { filename: 'alice 2' },
          { filename: 'alice 3' },
          { filename: 'bob 1', userId: 'bob' },
          { filename: 'carol 1', userId: 'carol' },
        ]);
        expect(namesOf(await claim())).toEqual([
          'alice 1',
          'bob 1',
          'carol 1',
          'alice 2',
          'alice 3',
        ]);
      });

      it('prefers other users above the limit of documents per user', async () => {
        await acceptAll([
          { filename: 'alice 1' },
          { filename: 'alice 2' },
          { filename: 'bob 1', userId: 'bob', priority: 'LOW' },
        ]);
        expect(namesOf(await claim(1, { maxPerUser: 1 }))).toEqual(['alice 1']);
        expect(namesOf(await claim(1, { maxPerUser: 1 }))).toEqual(['bob 1']);
      });

      it('exceeds the limit per user if no other user waits', async () => {
        await acceptAll([{}, {}, {}]);
        expect(await claim(3, { maxPerUser: 1 })).toHaveLength(3);
      });

      it('queues a document ahead of scheduled documents of its user', async () => {
        await acceptAll([
          { scheduledFor: LATER() },
          { filename: 'alice now' },
          { filename: 'bob now', userId: 'bob' },
        ]);
        expect(namesOf(await claim())).toEqual(['alice now', 'bob now']);
      });

      it('does not take a document before its scheduled time', async () => {
        const [, dueId] = await acceptAll([{ scheduledFor: LATER() }, {}]);
        expect((await claim()).map(({ document }) => document.id)).toEqual([dueId]);
      });

      it('takes a document at its scheduled time', async () => {
        const { id } = await accept({ scheduledFor: new Date(Date.now() + 300) });
        const claims = await eventually(async () => nonEmpty(await claim()));
        expect(claims[0]?.document).toMatchObject({ id });
        expect(Date.now()).toBeGreaterThanOrEqual(Number(claims[0]?.document.scheduledFor));
      });

      it('does not take a document before its next attempt is due', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await change(document, 'PENDING', { leaseToken, set: { nextAttemptInMs: 3_600_000 } });
        expect(await claim()).toEqual([]);
      });

      it('takes a document again when its next attempt is due and counts the attempt', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await change(document, 'PENDING', { leaseToken, set: { nextAttemptInMs: 50 } });
        const again = await eventually(async () => nonEmpty(await claim()));
        expect(again[0]?.document).toMatchObject({
          attempt: 2,
          nextAttemptAt: null,
          progress: { done: 0, total: null },
        });
      });
    });

    describe('claiming within the limits of a process', () => {
      const PDF = { mimeType: 'application/pdf' };
      const LARGE_PDF = { ...PDF, fileSize: 2 * 1024 * 1024 };
      const MANY = 150;

      const limits = (more: Partial<ClaimLimits> = {}): ClaimLimits => ({
        readers: 2,
        largeReaders: 1,
        maxReadingPerUser: 1,
        reservedSlots: 2,
        users: [],
        ...more,
      });
      const user = (userId: string, more: Partial<UserLoad> = {}): UserLoad => ({
        userId,
        running: 0,
        reading: 0,
        readingSteps: 0,
        ...more,
      });
      const claimWithin = async (limit: number, more: Partial<ClaimLimits> = {}) =>
        namesOf(await claim(limit, { limits: limits(more) }));

      it('takes only short texts while no reader is free', async () => {
        await acceptAll([
          { filename: 'pdf', ...PDF },
          { filename: 'long text', fileSize: 33_000, userId: 'bob' },
          { filename: 'text', userId: 'carol' },
        ]);
        expect(await claimWithin(4, { readers: 0, largeReaders: 0 })).toEqual(['text']);
        expect(await claimWithin(4)).toEqual(['pdf', 'long text']);
      });

      it.each([
        ['text/plain', 32 * 1024],
        ['text/csv', 32 * 1024 + 1],
        ['text/html', 1],
        ['application/pdf', 1024 * 1024],
        ['application/json', 1024 * 1024 + 1],
      ])(
        'gives %s with %i bytes the same reading load as the worker',
        async (mimeType, fileSize) => {
          await accept({ mimeType, fileSize });
          const load = readingLoadOf({ mimeType, fileSize });
          const none = await claimWithin(1, { readers: 0, largeReaders: 0 });
          const small = await claimWithin(1, { largeReaders: 0 });
          expect([none.length, small.length]).toEqual([
            load === 'NONE' ? 1 : 0,
            load === 'SMALL' ? 1 : 0,
          ]);
        },
      );

      it('takes no more files than free readers', async () => {
        await acceptAll(['a', 'b', 'c'].map((userId) => ({ userId, filename: userId, ...PDF })));
        expect(await claimWithin(8)).toEqual(['a', 'b']);
      });

      it('gives one user no more readers than allowed', async () => {
        await acceptAll([
          { filename: 'alice 1', ...PDF },
          { filename: 'alice 2', ...PDF },
          { filename: 'bob', userId: 'bob', ...PDF },
        ]);
        expect(await claimWithin(8)).toEqual(['alice 1', 'bob']);
        expect(
          await claimWithin(8, { users: [user('alice', { running: 1, reading: 1 })] }),
        ).toEqual([]);
      });

      it('leaves one reader to small files', async () => {
        await acceptAll([
          { filename: 'large 1', userId: 'a', ...LARGE_PDF },
          { filename: 'large 2', userId: 'b', ...LARGE_PDF },
          { filename: 'small', userId: 'c', ...PDF },
        ]);
        expect(await claimWithin(8)).toEqual(['large 1', 'small']);
        expect(await claimWithin(8, { largeReaders: 0 })).toEqual([]);
      });

      it('prefers users who have read little recently, whatever the priority', async () => {
        await acceptAll([
          { filename: 'alice', priority: 'HIGH', ...PDF },
          { filename: 'bob', userId: 'bob', priority: 'LOW', ...PDF },
        ]);
        const users = [user('alice', { readingSteps: 1 })];
        expect(await claimWithin(8, { readers: 1, users })).toEqual(['bob']);
        expect(await claimWithin(8, { readers: 1, users })).toEqual(['alice']);
      });

      it('reserves the last capacity for users without a running document', async () => {
        await acceptAll(['1', '2', '3', '4', '5'].map((filename) => ({ filename })));
        expect(await claimWithin(4)).toEqual(['1', '2']);
        await acceptAll([
          { filename: 'bob 1', userId: 'bob' },
          { filename: 'bob 2', userId: 'bob' },
        ]);
        const alice = user('alice', { running: 2 });
        expect(await claimWithin(2, { users: [alice] })).toEqual(['bob 1']);
        await acceptAll([{ filename: 'carol', userId: 'carol' }]);
        expect(await claimWithin(1, { users: [alice, user('bob', { running: 1 })] })).toEqual([
          'carol',
        ]);
      });

      it('gives a reader to a user with capacity, not to the first user', async () => {
        await acceptAll([
          { filename: 'alice', ...PDF },
          { filename: 'bob', userId: 'bob', ...PDF },
        ]);
        expect(
          await claimWithin(2, { readers: 1, users: [user('alice', { running: 1 })] }),
        ).toEqual(['bob']);
      });

      it('takes the first document of the first user even with a limit of one', async () => {
        await acceptAll([{ filename: '1' }, { filename: '2' }]);
        expect(await claimWithin(1, { reservedSlots: 0 })).toEqual(['1']);
      });

      it.each([
        ['a text', {}],
        ['a file', PDF],
        ['a large file', LARGE_PDF],
      ])('finds %s of a user behind many documents of users at their limit', async (_, kind) => {
        const documents = ['alice', 'bob'].flatMap((userId) =>
          Array.from({ length: MANY }, () => newDocument({ userId, ...kind })),
        );
        await Promise.all(documents.map((document) => store.accept(document)));
        await acceptAll([
          {
            filename: 'scheduled',
            userId: 'carol',
            scheduledFor: new Date(Date.now() + 1),
            priority: 'LOW',
            ...kind,
          },
        ]);
        const users = ['alice', 'bob'].map((userId) => user(userId, { running: 1, reading: 1 }));
        await moveBehindAll('carol');
        expect(await eventually(async () => nonEmpty(await claimWithin(2, { users })))).toEqual([
          'scheduled',
        ]);
      });

      it('finds the file of a user behind many files of a user who has read for long', async () => {
        await Promise.all(Array.from({ length: MANY }, () => store.accept(newDocument(PDF))));
        await acceptAll([{ filename: 'bob', userId: 'bob', ...PDF }]);
        await moveBehindAll('bob');
        expect(
          await claimWithin(8, { readers: 1, users: [user('alice', { readingSteps: 3 })] }),
        ).toEqual(['bob']);
      });
    });

    describe('leases', () => {
      it('reclaims an expired lease: PENDING with WORKER_LOST, the attempt counted', async () => {
        const { id } = await accept();
        await claimOne({ leaseMs: 1 });
        const events = await eventually(async () =>
          nonEmpty(await store.reclaimExpiredLeases({ all: false })),
        );
        expect(events).toEqual([
          expect.objectContaining({
            documentId: id,
            status: 'PENDING',
            previousStatus: 'EXTRACTING',
            attempt: 1,
          }),
        ]);
        expect(events[0]?.error).toMatchObject({
          code: 'WORKER_LOST',
          retryable: true,
          stage: 'EXTRACTING',
        });
        expect((await claimOne()).document.attempt).toBe(2);
      });

      it('does not reclaim a valid lease', async () => {
        await accept();
        await claimOne();
        expect(await store.reclaimExpiredLeases({ all: false })).toEqual([]);
      });

      it('changes a document to FAILED when its last attempt is lost', async () => {
        const { id } = await accept();
        const other = await accept({ userId: 'bob' }, harness.createStore(1));
        await claim(2, { leaseMs: 1 });
        const events = await eventually(async () => {
          await store.reclaimExpiredLeases({ all: false });
          const found = await store.findMany([id, other.id]);
          return found.every((document) => document.status !== 'EXTRACTING') && found;
        });
        const failed = present(events.find((document) => document.id === other.id));
        expect(failed).toMatchObject({ status: 'FAILED', processedAt: expect.any(Date) as Date });
        expect(failed.error).toMatchObject({
          code: 'ATTEMPTS_EXHAUSTED',
          cause: 'WORKER_LOST',
          retryable: false,
          stage: 'EXTRACTING',
        });
        expect(events.find((document) => document.id === id)?.status).toBe('PENDING');
      });

      it('records a cleanup for a document that fails with a lost lease', async () => {
        const { id } = await accept({}, harness.createStore(1));
        await claimOne({ leaseMs: 1 });
        await eventually(async () => nonEmpty(await store.reclaimExpiredLeases({ all: false })));
        expect(await cleanupsOf(id)).toEqual([
          expect.objectContaining({ onlyGeneration: 1, removesDocument: false, blobKey: null }),
        ]);
      });

      it('reclaims every lease after a restart without failing a document', async () => {
        const { id } = await accept({}, harness.createStore(1));
        await claimOne();
        expect(await store.reclaimExpiredLeases({ all: true })).toEqual([
          expect.objectContaining({ documentId: id, status: 'PENDING' }),
        ]);
        expect(await claim()).toHaveLength(1);
      });

      it('rejects a change with the token of a reclaimed lease', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await store.reclaimExpiredLeases({ all: true });
        await claimOne();
        expect(await change(document, 'VECTORIZING', { leaseToken })).toBeNull();
        expect(await store.find('alice', document.id)).toMatchObject({
          status: 'EXTRACTING',
          seq: 4,
        });
      });

      it('renews a lease and writes its progress, which never decreases', async () => {
        await accept();
        const { document, leaseToken } = await claimOne({ leaseMs: 1 });
        expect(
          await store.renew([{ documentId: document.id, leaseToken, progressDone: 7 }], LEASE_MS),
        ).toEqual([]);
        expect(await store.reclaimExpiredLeases({ all: false })).toEqual([]);
        await store.renew([{ documentId: document.id, leaseToken, progressDone: 3 }], LEASE_MS);
        expect((await store.find('alice', document.id))?.progress.done).toBe(7);
      });

      it('returns from a renewal only the tokens that are no longer valid', async () => {
        await acceptAll([{}, {}]);
        const [kept, lost] = await claim(2);
        await store.markDeleting('alice', present(lost).document.id);
        const leases = [present(kept), present(lost)].map(({ document, leaseToken }) => ({
          documentId: document.id,
          leaseToken,
          progressDone: 0,
        }));
        expect(await store.renew(leases, LEASE_MS)).toEqual([lost?.leaseToken]);
      });

      it('removes the lease of a document that returns to PENDING', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await change(document, 'PENDING', { leaseToken });
        expect(
          await store.renew([{ documentId: document.id, leaseToken, progressDone: 0 }], LEASE_MS),
        ).toEqual([leaseToken]);
      });
    });

    describe('changing', () => {
      it('writes the facts that come with the change', async () => {
        await accept();
        const completed = await complete(await claimOne());
        expect(completed).toMatchObject({
          status: 'COMPLETED',
          seq: 4,
          vectorCount: 2,
          liveGeneration: 1,
          progress: { done: 2, total: 2 },
        });
        expect(completed.processedAt).toBeInstanceOf(Date);
        expect(await store.find('alice', completed.id)).toEqual(completed);
      });

      it('keeps the error until a change clears it', async () => {
        await accept();
        const one = await claimOne();
        const error = {
          code: 'CORRUPT',
          cause: null,
          message: 'It is broken.',
          retryable: false,
          stage: 'EXTRACTING',
        } as const;
        await change(one.document, 'PENDING', { leaseToken: one.leaseToken, set: { error } });
        const two = await claimOne();
        expect(two.document.error).toEqual(error);
        expect((await complete(two)).error).toBeNull();
      });

      it('writes nothing if the row has another status', async () => {
        const document = await accept();
        expect(await change({ ...document, status: 'EXTRACTING' }, 'VECTORIZING')).toBeNull();
        expect(await store.find('alice', document.id)).toEqual(document);
      });

      it('writes nothing if the row has another generation', async () => {
        const document = await accept();
        expect(await change({ ...document, generation: 2 }, 'CANCELLED')).toBeNull();
        expect(await store.find('alice', document.id)).toEqual(document);
      });

      it('writes nothing with the token of another lease', async () => {
        await accept();
        const { document } = await claimOne();
        expect(await change(document, 'VECTORIZING', { leaseToken: randomUUID() })).toBeNull();
        expect(await store.find('alice', document.id)).toEqual(document);
      });

      it('applies one of several concurrent changes of a document', async () => {
        const document = await accept();
        const events = await Promise.all([
          change(document, 'CANCELLED'),
          change(document, 'FAILED'),
          store.markDeleting('alice', document.id),
        ]);
        expect(events.slice(0, 2).filter(Boolean).length).toBeLessThanOrEqual(1);
        const history = await store.events(document.id, 0, 10);
        expect(history.map((event) => event.seq)).toEqual(history.map((_, index) => index + 1));
      });

      it('rejects a batch with a change that is not allowed and writes none of it', async () => {
        const [a = '', b = ''] = await acceptAll([{}, {}]);
        const expected = { generation: 1, from: 'PENDING' } as const;
        const batch: Change[] = [
          { ...expected, documentId: a, to: 'CANCELLED' },
          { ...expected, documentId: b, to: 'COMPLETED' },
        ];
        await expect(store.change(batch)).rejects.toThrow(/PENDING to COMPLETED/);
        expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 2 }]);
      });

      it('returns the results of a batch in the order of the changes', async () => {
        const [a = '', b = ''] = await acceptAll([{}, {}]);
        const expected = { generation: 1, from: 'PENDING', to: 'CANCELLED' } as const;
        const results = await store.change([
          { ...expected, documentId: a },
          { ...expected, documentId: randomUUID() },
          { ...expected, documentId: b },
        ]);
        expect(results.map((event) => event?.documentId ?? null)).toEqual([a, null, b]);
      });

      it('numbers the changes without gaps, in the history and in the outbox', async () => {
        const { id } = await accept();
        await complete(await claimOne());
        await store.markDeleting('alice', id);
        const history = await store.events(id, 0, 100);
        expect(history.map(({ seq, status }) => [seq, status])).toEqual([
          [1, 'PENDING'],
          [2, 'EXTRACTING'],
          [3, 'VECTORIZING'],
          [4, 'COMPLETED'],
          [5, 'DELETING'],
        ]);
        expect(history.map((event) => event.previousStatus)).toEqual([
          null,
          'PENDING',
          'EXTRACTING',
          'VECTORIZING',
          'COMPLETED',
        ]);
        const published = (await outboxOf(id)).filter(
          (record) => record.topic === TOPICS.documentStatus,
        );
        expect(published.map((record) => record.headers['ce_id'])).toEqual(
          history.map((event) => `${id}:${event.seq}`),
        );
      });

      it('writes one seq and one event for a change that passes through a stage', async () => {
        const { id } = await accept();
        const { document, leaseToken } = await claimOne();
        const set = {
          chunkCount: 2,
          progressDone: 2,
          vectorCount: 2,
          liveGeneration: 1,
          error: null,
        };
        const completed = await change(document, 'COMPLETED', {
          through: 'VECTORIZING',
          leaseToken,
          set,
        });
        expect(completed).toMatchObject({
          seq: 3,
          status: 'COMPLETED',
          previousStatus: 'EXTRACTING',
        });
        const history = await store.events(id, 2, 100);
        expect(
          history.map(({ seq, status, previousStatus, progress, vectorCount }) => [
            seq,
            status,
            previousStatus,
            progress,
            vectorCount,
          ]),
        ).toEqual([[3, 'COMPLETED', 'EXTRACTING', { done: 2, total: 2 }, 2]]);
        const published = (await outboxOf(id)).filter(
          (record) => record.topic === TOPICS.documentStatus,
        );
        expect(published.map((record) => record.headers['ce_id'])).toEqual(
          [1, 2, 3].map((seq) => `${id}:${seq}`),
        );
      });

      it('rejects a change through a stage that is not allowed or without the lease', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await expect(
          change(document, 'COMPLETED', { through: 'PENDING', leaseToken }),
        ).rejects.toThrow(/EXTRACTING to COMPLETED/);
        expect(
          await change(document, 'COMPLETED', { through: 'VECTORIZING', leaseToken: randomUUID() }),
        ).toBeNull();
      });

      it('queues a wake-up message whenever a document returns to PENDING', async () => {
        const { id } = await accept();
        const { document, leaseToken } = await claimOne();
        await change(document, 'PENDING', { leaseToken });
        expect((await outboxOf(id)).filter((record) => record.topic === TOPICS.jobs)).toHaveLength(
          2,
        );
      });
    });

    describe('removing', () => {
      it('hides a DELETING document from all reads and keeps its last event', async () => {
        const { id } = await accept();
        expect(await store.markDeleting('alice', id)).toMatchObject({
          status: 'DELETING',
          previousStatus: 'PENDING',
          seq: 2,
        });
        expect(await store.find('alice', id)).toBeNull();
        expect((await store.list('alice', { first: 10 })).totalCount).toBe(0);
        expect(await store.counts('alice')).toEqual([]);
        expect(await claim()).toEqual([]);
        expect(await store.findMany([id])).toEqual([
          expect.objectContaining({ status: 'DELETING' }),
        ]);
      });

      it('deletes a document once, and only for its owner', async () => {
        const { id } = await accept();
        expect(await store.markDeleting('bob', id)).toBeNull();
        expect(await store.markDeleting('alice', id)).not.toBeNull();
        expect(await store.markDeleting('alice', id)).toBeNull();
      });

      it('rejects the changes of a worker after a deletion', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await store.markDeleting('alice', document.id);
        expect(await change(document, 'VECTORIZING', { leaseToken })).toBeNull();
        expect(await change(document, 'PENDING')).toBeNull();
      });

      it('records a cleanup of everything that a deleted document owns', async () => {
        const { id, blobKey } = await accept();
        await store.markDeleting('alice', id);
        expect(await cleanupsOf(id)).toEqual([
          expect.objectContaining({
            userId: 'alice',
            blobKey,
            generationsBelow: null,
            onlyGeneration: null,
            removesDocument: true,
            runs: 0,
          }),
        ]);
      });

      it.each(['FAILED', 'CANCELLED'] as const)(
        'records a cleanup of the vectors of that generation only after %s',
        async (status) => {
          const document = await accept();
          await change(document, status);
          expect(await cleanupsOf(document.id)).toEqual([
            expect.objectContaining({
              onlyGeneration: 1,
              generationsBelow: null,
              blobKey: null,
              removesDocument: false,
            }),
          ]);
        },
      );

      it('removes the row only after its last event was published', async () => {
        const { id } = await accept();
        await store.markDeleting('alice', id);
        await store.finishCleanup(first(await cleanupsOf(id)));
        expect(await store.findMany([id])).toHaveLength(1);
        await emptyOutbox();
        const due = await eventually(async () => nonEmpty(await cleanupsOf(id)));
        await store.finishCleanup(first(due));
        expect(await store.findMany([id])).toEqual([]);
        expect(await store.events(id, 0, 10)).toEqual([]);
      });

      it('runs a cleanup three times, for writes that arrive late', async () => {
        const { id } = await accept();
        await store.markDeleting('alice', id);
        await emptyOutbox();
        for (const runs of [0, 1, 2]) {
          await harness.makeCleanupsDue();
          const cleanup = first(await cleanupsOf(id));
          expect(cleanup.runs).toBe(runs);
          await store.finishCleanup(cleanup);
          expect(await cleanupsOf(id)).toEqual([]);
        }
        await harness.makeCleanupsDue();
        expect(await cleanupsOf(id)).toEqual([]);
      });

      it('returns the blob keys that belong to no document', async () => {
        const { blobKey } = await accept();
        expect(await store.findOrphanedBlobs([blobKey, 'left-over', 'odd "name"'])).toEqual([
          'left-over',
          'odd "name"',
        ]);
        expect(await store.findOrphanedBlobs([])).toEqual([]);
      });
    });

    describe('reading', () => {
      it('does not find the document of another user', async () => {
        const { id } = await accept();
        expect(await store.find('bob', id)).toBeNull();
        expect(await store.find('alice', randomUUID())).toBeNull();
      });

      it('lists the newest document first', async () => {
        const ids = await acceptAll([{}, {}, {}]);
        await Promise.all(
          ids.map((id, day) => harness.setCreatedAt([id], new Date(Date.UTC(2026, 0, day + 1)))),
        );
        const { documents } = await store.list('alice', { first: 10 });
        expect(documents.map((document) => document.id)).toEqual(ids.toReversed());
      });

      it('pages through documents of the same time without gaps or repeats', async () => {
        const ids = await acceptAll(Array.from({ length: 7 }, () => ({})));
        await harness.setCreatedAt(ids, LONG_AGO);
        const seen: string[] = [];
        let page = await store.list('alice', { first: 3 });
        expect(page.hasPreviousPage).toBe(false);
        for (;;) {
          seen.push(...page.documents.map((document) => document.id));
          expect(page.totalCount).toBe(7);
          if (!page.hasNextPage) break;
          page = await store.list('alice', { first: 3, after: present(page.documents.at(-1)) });
          expect(page.hasPreviousPage).toBe(true);
        }
        expect(seen).toEqual(ids.toSorted().toReversed());
      });

      it('keeps the pages while a new document arrives', async () => {
        const ids = await acceptAll([{}, {}, {}, {}]);
        await harness.setCreatedAt(ids, LONG_AGO);
        const page = await store.list('alice', { first: 2 });
        await accept();
        const next = await store.list('alice', { first: 2, after: present(page.documents.at(-1)) });
        expect([...page.documents, ...next.documents].map((document) => document.id)).toEqual(
          ids.toSorted().toReversed(),
        );
      });

      it('filters by status', async () => {
        const [a] = await acceptAll([{}, {}]);
        await change(present(await store.find('alice', present(a))), 'CANCELLED');
        const { documents, totalCount } = await store.list('alice', {
          first: 10,
          filter: { status: ['CANCELLED', 'FAILED'] },
        });
        expect([documents.map((document) => document.id), totalCount]).toEqual([[a], 1]);
      });

      it('treats an empty filter as no filter', async () => {
        await acceptAll([{}, {}]);
        expect(
          (await store.list('alice', { first: 10, filter: { status: [], filename: '' } }))
            .totalCount,
        ).toBe(2);
      });

      it.each([
        ['REPORT', ['Annual report.pdf', 'my Report_1.txt']],
        ['%', ['100% sure.txt']],
        ['_', ['my Report_1.txt']],
        ['\\', ['back\\slash.txt']],
        ["'", ["it's.txt"]],
        ['?', ['what?.txt']],
        ['nowhere', []],
      ])(
        'filters literally by a part of the file name, in any case: %s',
        async (filename, expected) => {
          await acceptAll(
            [
              'Annual report.pdf',
              'my Report_1.txt',
              '100% sure.txt',
              'back\\slash.txt',
              "it's.txt",
              'what?.txt',
            ].map((each) => ({
              filename: each,
            })),
          );
          const { documents } = await store.list('alice', { first: 10, filter: { filename } });
          expect(documents.map((document) => document.filename).sort()).toEqual(expected);
        },
      );

      it('counts by status and omits statuses without documents', async () => {
        const [a] = await acceptAll([{}, {}, {}]);
        await accept({ userId: 'bob' });
        await change(present(await store.find('alice', present(a))), 'FAILED');
        const counts = await store.counts('alice');
        expect(counts.toSorted((x, y) => x.count - y.count)).toEqual([
          { status: 'FAILED', count: 1 },
          { status: 'PENDING', count: 2 },
        ]);
      });

      it('reads the history after a seq up to a limit', async () => {
        const { id } = await accept();
        await complete(await claimOne());
        expect((await store.events(id, 1, 2)).map((event) => event.seq)).toEqual([2, 3]);
        expect(await store.events(id, 4, 10)).toEqual([]);
      });

      it('reads many histories in one call, each as a single read returns it', async () => {
        const one = await accept();
        await complete(await claimOne());
        const two = await accept();
        const unknown = randomUUID();
        for (const [after, first] of [
          [0, 50],
          [1, 2],
          [0, 0],
          [99, 10],
        ] as const) {
          const histories = await store.eventsOfMany(
            [one.id, unknown, two.id, one.id],
            after,
            first,
          );
          expect([...histories.keys()]).toEqual([one.id, unknown, two.id]);
          for (const [id, events] of histories)
            expect(events).toEqual(await store.events(id, after, first));
        }
        expect(await store.eventsOfMany([], 0, 10)).toEqual(new Map());
      });

      it('returns unfinished documents and those that changed since, newest change first', async () => {
        const [waiting, done] = await acceptAll([{}, {}]);
        await change(present(await store.find('alice', present(done))), 'CANCELLED');
        await accept({ userId: 'bob' });
        const idsSince = async (since: Date) =>
          (await store.recent('alice', since, 10)).map((document) => document.id);
        expect(await idsSince(LONG_AGO)).toEqual([done, waiting]);
        expect(await idsSince(LATER())).toEqual([waiting]);
        expect(await store.recent('alice', LONG_AGO, 1)).toHaveLength(1);
      });

      it('counts the documents ahead of each due document', async () => {
        const [one, two, three] = await acceptAll([
          { userId: 'a' },
          { userId: 'b' },
          { userId: 'c', priority: 'LOW' },
        ]);
        const later = await accept({ userId: 'd', scheduledFor: LATER() });
        const ids = [present(one), present(two), present(three), later.id, randomUUID()];
        expect(await store.queuePositions(ids)).toEqual(
          new Map([
            [one, 0],
            [two, 1],
            [three, 2],
          ]),
        );
        await claim(1);
        expect(await store.queuePositions(ids)).toEqual(
          new Map([
            [two, 0],
            [three, 1],
          ]),
        );
      });

      it('returns empty results for no ids', async () => {
        expect(await store.findMany([])).toEqual([]);
        expect(await store.queuePositions([])).toEqual(new Map());
        expect(await store.change([])).toEqual([]);
        expect(await store.renew([], LEASE_MS)).toEqual([]);
      });
    });

    describe('the outbox', () => {
      it('returns the oldest rows first, up to the limit', async () => {
        const ids = await acceptAll([{}, {}]);
        const rows = await harness.outbox.read(3);
        expect(rows.map((row) => row.record.key)).toEqual([ids[0], ids[0], ids[1]]);
      });

      it('keeps each row until it is removed', async () => {
        await acceptAll([{}, {}]);
        const [one, ...others] = await harness.outbox.read(10);
        await harness.outbox.remove([present(one).id]);
        expect(await harness.outbox.read(10)).toEqual(others);
      });

      it('removes nothing for no ids', async () => {
        await accept();
        await harness.outbox.remove([]);
        expect(await harness.outbox.read(10)).toHaveLength(2);
      });

      it('holds nothing of a change that was not committed', async () => {
        await accept();
        await emptyOutbox();
        const [document] = (await store.list('alice', { first: 1 })).documents;
        await change({ ...present(document), generation: 9 }, 'CANCELLED');
        expect(await harness.outbox.read(10)).toEqual([]);
      });
    });
  });
}

function present<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) throw new Error('there is none');
  return value;
}

function first<Value>(values: readonly Value[]): Value {
  return present(values[0]);
}

/** Returns null instead of an empty list, so that `eventually` goes on waiting. */
function nonEmpty<Value>(values: Value[]): Value[] | null {
  return values.length > 0 ? values : null;
}
