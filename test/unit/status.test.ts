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

/** The allowed changes, stated independently of the code. All others are forbidden. */
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

describe('the table of allowed changes', () => {
  it.each(PAIRS.filter(([from, to]) => ALLOWED.has(`${from} ${to}`)))(
    'allows the change from %s to %s',
    (from, to) => {
      expect(isAllowed(from, to)).toBe(true);
    },
  );

  it.each(PAIRS.filter(([from, to]) => !ALLOWED.has(`${from} ${to}`)))(
    'forbids the change from %s to %s',
    (from, to) => {
      expect(isAllowed(from, to)).toBe(false);
    },
  );

  it('allows no change after a deletion', () => {
    expect(DOCUMENT_STATUSES.filter((to) => isAllowed('DELETING', to))).toEqual([]);
  });

  it('makes a status unfinished, terminal or DELETING, and running only if it is unfinished', () => {
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
    message: 'It is unavailable.',
    retryable: true,
    stage: 'VECTORIZING',
  } as const;

  it.each<[string, Partial<Document>]>([
    ['Waiting for a worker.', {}],
    ['Waiting until 2026-03-04T05:06:07.008Z.', { scheduledFor: at }],
    ['It is unavailable. Next attempt at 2026-03-04T05:06:07.008Z.', { nextAttemptAt: at, error }],
    ['Waiting for a worker.', { error }],
    ['Reading the text.', { status: 'EXTRACTING' }],
    ['Embedding 12 passages.', { status: 'VECTORIZING', progress: { done: 0, total: 12 } }],
    ['Ready to search: 12 passages.', { status: 'COMPLETED', vectorCount: 12 }],
    ['It is unavailable.', { status: 'FAILED', error }],
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

  it('hold the previous status and the time of a change', () => {
    const expected = {
      ...state,
      kind: 'CHANGE',
      previousStatus: 'EXTRACTING',
      occurredAt: updatedAt,
      message: 'Embedding 9 passages.',
    };
    expect(toChangeEvent(document, 'EXTRACTING')).toEqual(expected);
  });

  it('hold no previous status in a snapshot', () => {
    expect(toSnapshotEvent(document)).toEqual({
      ...toChangeEvent(document, null),
      kind: 'SNAPSHOT',
    });
  });

  it('hold the seq of the change before a progress, and a time of their own', () => {
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

  it('are newer with a higher seq, and within one seq with more progress', () => {
    const newness = (one: number, done: number) => ({ seq: one, progress: { done } });
    expect(compareNewness(newness(2, 0), newness(1, 99))).toBeGreaterThan(0);
    expect(compareNewness(newness(2, 5), newness(2, 6))).toBeLessThan(0);
    expect(compareNewness(newness(2, 5), newness(2, 5))).toBe(0);
  });
});
