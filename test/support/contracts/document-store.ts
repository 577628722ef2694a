/** What every DocumentStore promises: the documents, the queue and the history. */
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
  /** A store on the same documents; tries of a document end at `maxAttempts`. */
  createStore(maxAttempts: number): DocumentStore;
  outbox: Outbox;
  /** No documents, no outbox, no cleanups. */
  clear(): Promise<void>;
  /** Makes them look as if they had been accepted at this time. */
  setCreatedAt(ids: readonly string[], at: Date): Promise<void>;
  /** The place in the queue of the waiting documents of this user. */
  setFairAt(userId: string, at: Date): Promise<void>;
  /** Every cleanup that waits for its next run is due. */
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

    /** One after the other: the order in which they were accepted is part of the rule. */
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

    /** As for somebody who comes hours after all others. */
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

    /** Through every stage, as a worker does. */
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
      it('writes a PENDING document with everything that was said of it', async () => {
        const asked = newDocument({
          filename: 'Größe 😀.pdf',
          fileSize: 5_000_000_000,
          priority: 'HIGH',
          scheduledFor: LATER(),
        });
        const { document, duplicateOf } = await store.accept(asked);
        const { force: _force, ...said } = asked;
        expect(document).toMatchObject({
          ...said,
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
        expect(await store.find('alice', asked.id)).toEqual(document);
      });

      it('writes its first event and tells the log of the event and of the work', async () => {
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

      it('answers the document that has the same bytes, and writes nothing', async () => {
        const one = await accept({ contentHash: 'same' });
        const again = await store.accept(newDocument({ contentHash: 'same' }));
        expect(again).toEqual({ document: one, duplicateOf: one.id });
        expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 1 }]);
      });

      it('makes one document of many that bring the same bytes at once', async () => {
        const answers = await Promise.all(
          Array.from({ length: 8 }, () => store.accept(newDocument({ contentHash: 'same' }))),
        );
        expect(answers.filter((answer) => answer.duplicateOf === null)).toHaveLength(1);
        expect(new Set(answers.map((answer) => answer.document.id)).size).toBe(1);
      });

      it('finds the same bytes of a document that is completed', async () => {
        const { id } = await accept({ contentHash: 'same' });
        await complete(await claimOne());
        expect((await store.accept(newDocument({ contentHash: 'same' }))).duplicateOf).toBe(id);
      });

      it('lets two users have the same bytes', async () => {
        await accept({ contentHash: 'same' });
        expect(
          (await store.accept(newDocument({ contentHash: 'same', userId: 'bob' }))).duplicateOf,
        ).toBeNull();
      });

      it('makes another document of the same bytes when that is forced', async () => {
        await accept({ contentHash: 'same' });
        expect(
          (await store.accept(newDocument({ contentHash: 'same', force: true }))).duplicateOf,
        ).toBeNull();
        expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 2 }]);
      });

      it('finds the same bytes of a document that was forced', async () => {
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

      describe('many at once', () => {
        const acceptAtOnce = (all: readonly NewDocument[]) =>
          Promise.all(all.map((document) => store.accept(document)));

        it('gives each the place that it would have had one after the other', async () => {
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

        it('keeps the places of one user apart by a minute, however many wait', async () => {
          await acceptAtOnce(
            Array.from({ length: 250 }, (_, index) => newDocument({ filename: String(index) })),
          );
          const names = namesOf(await claim(250, { maxPerUser: 250 }));
          expect(names).toEqual(Array.from({ length: 250 }, (_, index) => String(index)));
        });

        it('answers each its own document, its own event or the one that has the same bytes', async () => {
          const known = await accept({ contentHash: 'known' });
          const asked = [
            newDocument({ contentHash: 'new', filename: 'a' }),
            newDocument({ contentHash: 'known', filename: 'b' }),
            newDocument({ contentHash: 'new', filename: 'c' }),
            newDocument({ contentHash: 'new', filename: 'd', userId: 'bob' }),
            newDocument({ contentHash: 'known', filename: 'e', force: true }),
            newDocument({ contentHash: 'other', filename: 'f', force: true }),
            newDocument({ contentHash: 'other', filename: 'g' }),
          ];
          const answers = await acceptAtOnce(asked);
          const idOf = (position: number) => present(asked[position]).id;
          expect(answers.map(({ document, duplicateOf }) => [document.id, duplicateOf])).toEqual([
            [idOf(0), null],
            [known.id, known.id],
            [idOf(0), idOf(0)],
            [idOf(3), null],
            [idOf(4), null],
            [idOf(5), null],
            [idOf(5), idOf(5)],
          ]);
          const events = answers.flatMap((answer) =>
            answer.duplicateOf === null ? [answer.event] : [],
          );
          expect(events.map(({ documentId, seq, status }) => [documentId, seq, status])).toEqual(
            [0, 3, 4, 5].map((position) => [idOf(position), 1, 'PENDING']),
          );
          for (const { documentId } of events)
            expect(await store.events(documentId, 0, 10)).toHaveLength(1);
          expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 4 }]);
        });

        it('fails only the one that cannot be written', async () => {
          const asked = [
            newDocument(),
            newDocument({ filename: 'no database keeps a \0' }),
            newDocument(),
          ];
          const outcomes = await Promise.allSettled(
            asked.map((document) => store.accept(document)),
          );
          expect(outcomes.map(({ status }) => status)).toEqual([
            'fulfilled',
            'rejected',
            'fulfilled',
          ]);
          expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 2 }]);
          expect((await outboxOf(present(asked[1]).id)).length).toBe(0);
        });
      });
    });

    describe('claiming', () => {
      it('moves a due document to EXTRACTING under a lease of its own and counts the attempt', async () => {
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

      it('gives a document to one claim only', async () => {
        await acceptAll([{}, {}, {}]);
        const claims = (await Promise.all([claim(2), claim(2), claim(2)])).flat();
        // Those that looked at the same moment may have passed over what another one held: they
        // find it when they ask again.
        claims.push(...(await claim(2)));
        expect(new Set(claims.map(({ document }) => document.id)).size).toBe(3);
        expect(claims).toHaveLength(3);
        expect(new Set(claims.map(({ leaseToken }) => leaseToken)).size).toBe(3);
      });

      it('never takes more than it was asked for', async () => {
        await acceptAll([{}, {}, {}]);
        expect(await claim(2)).toHaveLength(2);
      });

      it('takes the oldest of one user first', async () => {
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

      it("takes everybody's first document before anybody's second", async () => {
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

      it('runs no more than so many of one user while others wait', async () => {
        await acceptAll([
          { filename: 'alice 1' },
          { filename: 'alice 2' },
          { filename: 'bob 1', userId: 'bob', priority: 'LOW' },
        ]);
        expect(namesOf(await claim(1, { maxPerUser: 1 }))).toEqual(['alice 1']);
        expect(namesOf(await claim(1, { maxPerUser: 1 }))).toEqual(['bob 1']);
      });

      it('runs more of one user than that when nobody else waits', async () => {
        await acceptAll([{}, {}, {}]);
        expect(await claim(3, { maxPerUser: 1 })).toHaveLength(3);
      });

      it('does not put a document behind those of its user that wait for their time', async () => {
        await acceptAll([
          { scheduledFor: LATER() },
          { filename: 'alice now' },
          { filename: 'bob now', userId: 'bob' },
        ]);
        expect(namesOf(await claim())).toEqual(['alice now', 'bob now']);
      });

      it('leaves a document alone before its scheduled time', async () => {
        const [, dueId] = await acceptAll([{ scheduledFor: LATER() }, {}]);
        expect((await claim()).map(({ document }) => document.id)).toEqual([dueId]);
      });

      it('takes a document once its scheduled time has come', async () => {
        const { id } = await accept({ scheduledFor: new Date(Date.now() + 300) });
        const claims = await eventually(async () => nonEmpty(await claim()));
        expect(claims[0]?.document).toMatchObject({ id });
        expect(Date.now()).toBeGreaterThanOrEqual(Number(claims[0]?.document.scheduledFor));
      });

      it('leaves a document alone before its next try is due', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await change(document, 'PENDING', { leaseToken, set: { nextAttemptInMs: 3_600_000 } });
        expect(await claim()).toEqual([]);
      });

      it('takes a document again once its next try is due, and counts the attempt', async () => {
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

      it('takes short texts only while no reader is free', async () => {
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
      ])('knows of %s with %i bytes what the worker knows', async (mimeType, fileSize) => {
        await accept({ mimeType, fileSize });
        const load = readingLoadOf({ mimeType, fileSize });
        const none = await claimWithin(1, { readers: 0, largeReaders: 0 });
        const small = await claimWithin(1, { largeReaders: 0 });
        expect([none.length, small.length]).toEqual([
          load === 'NONE' ? 1 : 0,
          load === 'SMALL' ? 1 : 0,
        ]);
      });

      it('takes no more files than readers are free', async () => {
        await acceptAll(['a', 'b', 'c'].map((userId) => ({ userId, filename: userId, ...PDF })));
        expect(await claimWithin(8)).toEqual(['a', 'b']);
      });

      it('gives one user no more readers than they may have', async () => {
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

      it('leaves a reader to small files', async () => {
        await acceptAll([
          { filename: 'large 1', userId: 'a', ...LARGE_PDF },
          { filename: 'large 2', userId: 'b', ...LARGE_PDF },
          { filename: 'small', userId: 'c', ...PDF },
        ]);
        expect(await claimWithin(8)).toEqual(['large 1', 'small']);
        expect(await claimWithin(8, { largeReaders: 0 })).toEqual([]);
      });

      it('reads first for users who have read little of late, whatever the priority', async () => {
        await acceptAll([
          { filename: 'alice', priority: 'HIGH', ...PDF },
          { filename: 'bob', userId: 'bob', priority: 'LOW', ...PDF },
        ]);
        const users = [user('alice', { readingSteps: 1 })];
        expect(await claimWithin(8, { readers: 1, users })).toEqual(['bob']);
        expect(await claimWithin(8, { readers: 1, users })).toEqual(['alice']);
      });

      it('leaves the last places to users of whom nothing runs', async () => {
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

      it('gives a reader to whoever may have a place, not to whoever comes first', async () => {
        await acceptAll([
          { filename: 'alice', ...PDF },
          { filename: 'bob', userId: 'bob', ...PDF },
        ]);
        expect(
          await claimWithin(2, { readers: 1, users: [user('alice', { running: 1 })] }),
        ).toEqual(['bob']);
      });

      it('always takes the first document of whoever comes first, also with one place', async () => {
        await acceptAll([{ filename: '1' }, { filename: '2' }]);
        expect(await claimWithin(1, { reservedSlots: 0 })).toEqual(['1']);
      });

      it.each([
        ['a text', {}],
        ['a file', PDF],
        ['a large file', LARGE_PDF],
      ])(
        'finds %s of a user behind any number of documents of users at their limit',
        async (_, kind) => {
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
        },
      );

      it('finds the file of a user behind any number of files of one who has read for long', async () => {
        await Promise.all(Array.from({ length: MANY }, () => store.accept(newDocument(PDF))));
        await acceptAll([{ filename: 'bob', userId: 'bob', ...PDF }]);
        await moveBehindAll('bob');
        expect(
          await claimWithin(8, { readers: 1, users: [user('alice', { readingSteps: 3 })] }),
        ).toEqual(['bob']);
      });
    });

    describe('leases', () => {
      it('a lease that has run out is taken back: PENDING with WORKER_LOST, the attempt counted', async () => {
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

      it('a lease that still runs is not taken back', async () => {
        await accept();
        await claimOne();
        expect(await store.reclaimExpiredLeases({ all: false })).toEqual([]);
      });

      it('the last attempt lost makes it FAILED, with the cause', async () => {
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

      it('what a document that was given up has stored is to be removed', async () => {
        const { id } = await accept({}, harness.createStore(1));
        await claimOne({ leaseMs: 1 });
        await eventually(async () => nonEmpty(await store.reclaimExpiredLeases({ all: false })));
        expect(await cleanupsOf(id)).toEqual([
          expect.objectContaining({ onlyGeneration: 1, removesDocument: false, blobKey: null }),
        ]);
      });

      it('a restart takes every lease back and gives no document up for it', async () => {
        const { id } = await accept({}, harness.createStore(1));
        await claimOne();
        expect(await store.reclaimExpiredLeases({ all: true })).toEqual([
          expect.objectContaining({ documentId: id, status: 'PENDING' }),
        ]);
        expect(await claim()).toHaveLength(1);
      });

      it('the token of a lease that was taken back writes nothing any more', async () => {
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

      it('renewing keeps a lease and writes its progress, which never falls', async () => {
        await accept();
        const { document, leaseToken } = await claimOne({ leaseMs: 1 });
        expect(
          await store.renew([{ documentId: document.id, leaseToken, progressDone: 7 }], LEASE_MS),
        ).toEqual([]);
        expect(await store.reclaimExpiredLeases({ all: false })).toEqual([]);
        await store.renew([{ documentId: document.id, leaseToken, progressDone: 3 }], LEASE_MS);
        expect((await store.find('alice', document.id))?.progress.done).toBe(7);
      });

      it('renewing answers the tokens that no longer hold, and only those', async () => {
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

      it('a document that waits again has no lease', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await change(document, 'PENDING', { leaseToken });
        expect(
          await store.renew([{ documentId: document.id, leaseToken, progressDone: 0 }], LEASE_MS),
        ).toEqual([leaseToken]);
      });
    });

    describe('changing', () => {
      it('writes what becomes true with the change', async () => {
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

      it('keeps the error until the change that clears it', async () => {
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

      it('writes nothing where the row is in another status', async () => {
        const document = await accept();
        expect(await change({ ...document, status: 'EXTRACTING' }, 'VECTORIZING')).toBeNull();
        expect(await store.find('alice', document.id)).toEqual(document);
      });

      it('writes nothing where the row is of another generation', async () => {
        const document = await accept();
        expect(await change({ ...document, generation: 2 }, 'CANCELLED')).toBeNull();
        expect(await store.find('alice', document.id)).toEqual(document);
      });

      it('writes nothing under a lease that is not this one', async () => {
        await accept();
        const { document } = await claimOne();
        expect(await change(document, 'VECTORIZING', { leaseToken: randomUUID() })).toBeNull();
        expect(await store.find('alice', document.id)).toEqual(document);
      });

      it('of two that change the same document at once, one does', async () => {
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

      it('refuses a change that the table does not allow, and then writes none of its batch', async () => {
        const [a = '', b = ''] = await acceptAll([{}, {}]);
        const place = { generation: 1, from: 'PENDING' } as const;
        const batch: Change[] = [
          { ...place, documentId: a, to: 'CANCELLED' },
          { ...place, documentId: b, to: 'COMPLETED' },
        ];
        await expect(store.change(batch)).rejects.toThrow(/PENDING to COMPLETED/);
        expect(await store.counts('alice')).toEqual([{ status: 'PENDING', count: 2 }]);
      });

      it('answers each of many changes in its place', async () => {
        const [a = '', b = ''] = await acceptAll([{}, {}]);
        const place = { generation: 1, from: 'PENDING', to: 'CANCELLED' } as const;
        const answers = await store.change([
          { ...place, documentId: a },
          { ...place, documentId: randomUUID() },
          { ...place, documentId: b },
        ]);
        expect(answers.map((event) => event?.documentId ?? null)).toEqual([a, null, b]);
      });

      it('gives every durable change a seq of its own, without gaps, in history and outbox alike', async () => {
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

      it('makes one change, with one seq and one event, of a stage that was passed on the way', async () => {
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

      it('refuses a way through a stage that the table does not have, and one without the lease', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await expect(
          change(document, 'COMPLETED', { through: 'PENDING', leaseToken }),
        ).rejects.toThrow(/EXTRACTING to COMPLETED/);
        expect(
          await change(document, 'COMPLETED', { through: 'VECTORIZING', leaseToken: randomUUID() }),
        ).toBeNull();
      });

      it('tells the log of work again whenever a document waits again', async () => {
        const { id } = await accept();
        const { document, leaseToken } = await claimOne();
        await change(document, 'PENDING', { leaseToken });
        expect((await outboxOf(id)).filter((record) => record.topic === TOPICS.jobs)).toHaveLength(
          2,
        );
      });
    });

    describe('removing', () => {
      it('deleting hides a document from every reader and leaves its last event', async () => {
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

      it('deletes a document once, and nobody deletes that of somebody else', async () => {
        const { id } = await accept();
        expect(await store.markDeleting('bob', id)).toBeNull();
        expect(await store.markDeleting('alice', id)).not.toBeNull();
        expect(await store.markDeleting('alice', id)).toBeNull();
      });

      it('a worker cannot bring a deleted document back', async () => {
        await accept();
        const { document, leaseToken } = await claimOne();
        await store.markDeleting('alice', document.id);
        expect(await change(document, 'VECTORIZING', { leaseToken })).toBeNull();
        expect(await change(document, 'PENDING')).toBeNull();
      });

      it('deleting writes a cleanup of everything the document has', async () => {
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
        '%s writes a cleanup of the vectors of that run only',
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

      it('the row goes only when the log has been told its last event', async () => {
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

      it('a cleanup runs three times in all, for a write that came late, and then never', async () => {
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

      it('names the blobs that no document has', async () => {
        const { blobKey } = await accept();
        expect(await store.findOrphanedBlobs([blobKey, 'left-over', 'odd "name"'])).toEqual([
          'left-over',
          'odd "name"',
        ]);
        expect(await store.findOrphanedBlobs([])).toEqual([]);
      });
    });

    describe('reading', () => {
      it("finds nobody else's document", async () => {
        const { id } = await accept();
        expect(await store.find('bob', id)).toBeNull();
        expect(await store.find('alice', randomUUID())).toBeNull();
      });

      it('lists newest first', async () => {
        const ids = await acceptAll([{}, {}, {}]);
        await Promise.all(
          ids.map((id, day) => harness.setCreatedAt([id], new Date(Date.UTC(2026, 0, day + 1)))),
        );
        const { documents } = await store.list('alice', { first: 10 });
        expect(documents.map((document) => document.id)).toEqual(ids.toReversed());
      });

      it('pages show every document once, also when all were made at the same moment', async () => {
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

      it('a document that comes while somebody pages does not shift the pages', async () => {
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

      it('takes an empty filter for none', async () => {
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
        'filters by what the name contains, in any case and letter by letter: %s',
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

      it('counts by status and leaves out a status without any', async () => {
        const [a] = await acceptAll([{}, {}, {}]);
        await accept({ userId: 'bob' });
        await change(present(await store.find('alice', present(a))), 'FAILED');
        const counts = await store.counts('alice');
        expect(counts.toSorted((x, y) => x.count - y.count)).toEqual([
          { status: 'FAILED', count: 1 },
          { status: 'PENDING', count: 2 },
        ]);
      });

      it('reads the history behind a seq, so many at most', async () => {
        const { id } = await accept();
        await complete(await claimOne());
        expect((await store.events(id, 1, 2)).map((event) => event.seq)).toEqual([2, 3]);
        expect(await store.events(id, 4, 10)).toEqual([]);
      });

      it('reads the histories of many at once, each as if it were asked for alone', async () => {
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

      it('recent are the unfinished whenever they changed, and the others changed since, newest change first', async () => {
        const [waiting, done] = await acceptAll([{}, {}]);
        await change(present(await store.find('alice', present(done))), 'CANCELLED');
        await accept({ userId: 'bob' });
        const idsSince = async (since: Date) =>
          (await store.recent('alice', since, 10)).map((document) => document.id);
        expect(await idsSince(LONG_AGO)).toEqual([done, waiting]);
        expect(await idsSince(LATER())).toEqual([waiting]);
        expect(await store.recent('alice', LONG_AGO, 1)).toHaveLength(1);
      });

      it('a queue position counts the documents ahead, and only a due one has it', async () => {
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

      it('asks nothing for no ids', async () => {
        expect(await store.findMany([])).toEqual([]);
        expect(await store.queuePositions([])).toEqual(new Map());
        expect(await store.change([])).toEqual([]);
        expect(await store.renew([], LEASE_MS)).toEqual([]);
      });
    });

    describe('the outbox', () => {
      it('gives the oldest rows first, so many at most', async () => {
        const ids = await acceptAll([{}, {}]);
        const rows = await harness.outbox.read(3);
        expect(rows.map((row) => row.record.key)).toEqual([ids[0], ids[0], ids[1]]);
      });

      it('keeps a row until it is removed, and removes no other', async () => {
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

      it('has nothing of what was not committed', async () => {
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

/** For `eventually`, to which an empty list is an answer. */
function nonEmpty<Value>(values: Value[]): Value[] | null {
  return values.length > 0 ? values : null;
}
