import {
  DOCUMENT_STATUSES,
  type Document,
  type DocumentStatus,
} from '../../src/documents/document.js';
import {
  compareNewness,
  describe as describeDocument,
  isAllowed,
  isRunning,
  isTerminal,
  isUnfinished,
  toChangeEvent,
  toProgressEvent,
  toSnapshotEvent,
} from '../../src/documents/status.js';
import { makeDocument } from '../support/make-document.js';

/** The contract, said once more and independently: what is not here is forbidden. */
const ALLOWED = new Set([
  'PENDING EXTRACTING',
  'EXTRACTING VECTORIZING',
  'VECTORIZING COMPLETED',
  'EXTRACTING PENDING',
  'VECTORIZING PENDING',
  'PENDING FAILED',
  'EXTRACTING FAILED',
  'VECTORIZING FAILED',
  'PENDING CANCELLED',
  'EXTRACTING CANCELLED',
  'VECTORIZING CANCELLED',
  'COMPLETED PENDING',
  'FAILED PENDING',
  'CANCELLED PENDING',
  ...DOCUMENT_STATUSES.filter((status) => status !== 'DELETING').map(
    (status) => `${status} DELETING`,
  ),
]);

const PAIRS = DOCUMENT_STATUSES.flatMap((from) =>
  DOCUMENT_STATUSES.map((to) => [from, to] as const),
);

describe('the table of changes', () => {
  it.each(PAIRS.filter(([from, to]) => ALLOWED.has(`${from} ${to}`)))(
    'a document may go from %s to %s',
    (from, to) => {
      expect(isAllowed(from, to)).toBe(true);
    },
  );

  it.each(PAIRS.filter(([from, to]) => !ALLOWED.has(`${from} ${to}`)))(
    'no document may go from %s to %s',
    (from, to) => {
      expect(isAllowed(from, to)).toBe(false);
    },
  );

  it('nothing follows a deletion', () => {
    expect(DOCUMENT_STATUSES.filter((to) => isAllowed('DELETING', to))).toEqual([]);
  });

  it('a status is unfinished, terminal or DELETING, and only an unfinished one is running', () => {
    const kinds = (test: (status: DocumentStatus) => boolean) => DOCUMENT_STATUSES.filter(test);
    expect(kinds(isUnfinished)).toEqual(['PENDING', 'EXTRACTING', 'VECTORIZING']);
    expect(kinds(isTerminal)).toEqual(['COMPLETED', 'FAILED', 'CANCELLED']);
    expect(kinds(isRunning)).toEqual(['EXTRACTING', 'VECTORIZING']);
  });
});

describe('the line for a person', () => {
  const at = new Date('2026-03-04T05:06:07.008Z');
  const error = {
    code: 'EMBEDDER_UNAVAILABLE',
    cause: null,
    message: 'It is away.',
    retryable: true,
    stage: 'VECTORIZING',
  } as const;

  it.each<[string, Partial<Document>]>([
    ['Waiting for a worker.', {}],
    ['Waiting until 2026-03-04T05:06:07.008Z.', { scheduledFor: at }],
    ['It is away. Next attempt at 2026-03-04T05:06:07.008Z.', { nextAttemptAt: at, error }],
    ['Waiting for a worker.', { error }],
    ['Reading the text.', { status: 'EXTRACTING' }],
    ['Embedding 12 passages.', { status: 'VECTORIZING', progress: { done: 0, total: 12 } }],
    ['Ready to search: 12 passages.', { status: 'COMPLETED', vectorCount: 12 }],
    ['It is away.', { status: 'FAILED', error }],
    ['Processing failed.', { status: 'FAILED' }],
    ['Cancelled.', { status: 'CANCELLED' }],
    ['Deleted.', { status: 'DELETING' }],
  ])('is "%s"', (line, more) => {
    expect(describeDocument(makeDocument(more))).toBe(line);
  });
});

describe('events', () => {
  const document = makeDocument({
    seq: 4,
    status: 'VECTORIZING',
    attempt: 2,
    generation: 3,
    progress: { done: 1, total: 9 },
    vectorCount: 5,
  });
  const {
    id: documentId,
    userId,
    seq,
    status,
    attempt,
    generation,
    progress,
    vectorCount,
    updatedAt,
  } = document;
  const state = {
    documentId,
    userId,
    seq,
    status,
    attempt,
    generation,
    progress,
    vectorCount,
    error: null,
    document,
  };

  it('a change names the status before and the time of the change', () => {
    const expected = {
      ...state,
      kind: 'CHANGE',
      previousStatus: 'EXTRACTING',
      occurredAt: updatedAt,
      message: 'Embedding 9 passages.',
    };
    expect(toChangeEvent(document, 'EXTRACTING')).toEqual(expected);
  });

  it('a snapshot names no status before', () => {
    expect(toSnapshotEvent(document)).toEqual({
      ...toChangeEvent(document, null),
      kind: 'SNAPSHOT',
    });
  });

  it('progress has the seq of the change before it, and a time of its own', () => {
    const occurredAt = new Date(updatedAt.getTime() + 500);
    const expected = {
      ...state,
      kind: 'PROGRESS',
      previousStatus: 'VECTORIZING',
      occurredAt,
      message: 'Embedded 1 of 9 passages.',
    };
    expect(toProgressEvent(document, occurredAt)).toEqual(expected);
  });

  it('newer is the higher seq, and of one seq the one with more done', () => {
    const newness = (one: number, done: number) => ({ seq: one, progress: { done } });
    expect(compareNewness(newness(2, 0), newness(1, 99))).toBeGreaterThan(0);
    expect(compareNewness(newness(2, 5), newness(2, 6))).toBeLessThan(0);
    expect(compareNewness(newness(2, 5), newness(2, 5))).toBe(0);
  });
});
