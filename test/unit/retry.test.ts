import { toFailureChange } from '../../src/documents/retry.js';
import {
  ProcessingFailure,
  PROCESSING_ERROR_RETRYABLE,
  type ProcessingErrorCode,
} from '../../src/errors.js';
import type { Document } from '../../src/documents/document.js';
import { makeDocument } from '../support/make-document.js';

const HOUR = 3_600_000;
const now = new Date('2026-01-01T12:00:00Z');
const options = { retryDelaysMs: [5_000, 60_000, 600_000], now };
const codes = Object.keys(PROCESSING_ERROR_RETRYABLE) as ProcessingErrorCode[];

function changeAfter(error: unknown, more: Partial<Document> = {}) {
  const document = makeDocument({
    status: 'VECTORIZING',
    attempt: 1,
    maxAttempts: 3,
    startedAt: now,
    ...more,
  });
  return toFailureChange(document, error, options);
}

const fail = (code: ProcessingErrorCode) => new ProcessingFailure(code, 'It went wrong.');

describe('a failure', () => {
  it.each(codes.filter((code) => !PROCESSING_ERROR_RETRYABLE[code]))('with %s is final', (code) => {
    const { to, set } = changeAfter(fail(code));
    expect(to).toBe('FAILED');
    expect(set?.error).toEqual({
      code,
      cause: null,
      message: 'It went wrong.',
      retryable: false,
      stage: 'VECTORIZING',
    });
  });

  it.each(codes.filter((code) => PROCESSING_ERROR_RETRYABLE[code]))(
    'with %s is retried',
    (code) => {
      const { to, set } = changeAfter(fail(code));
      expect(to).toBe('PENDING');
      expect(set?.error).toEqual({
        code,
        cause: null,
        message: 'It went wrong.',
        retryable: true,
        stage: 'VECTORIZING',
      });
      expect(set?.nextAttemptInMs).toBe(5_000);
    },
  );

  it('delays each attempt longer, and repeats the last delay', () => {
    const delays = [1, 2, 3, 4, 9].map(
      (attempt) => changeAfter(fail('INTERNAL'), { attempt, maxAttempts: 10 }).set?.nextAttemptInMs,
    );
    expect(delays).toEqual([5_000, 60_000, 600_000, 600_000, 600_000]);
  });

  it('becomes ATTEMPTS_EXHAUSTED with its cause at the last attempt', () => {
    const { to, set } = changeAfter(fail('INTERNAL'), { attempt: 3 });
    expect(to).toBe('FAILED');
    expect(set?.error).toMatchObject({
      code: 'ATTEMPTS_EXHAUSTED',
      cause: 'INTERNAL',
      retryable: false,
      stage: 'VECTORIZING',
    });
    expect(set?.error?.message).toBe('Failed after 3 attempts. It went wrong.');
  });

  it('becomes INTERNAL if it is unexpected, and keeps its message out of the response', () => {
    const { to, set } = changeAfter(new TypeError('password=hunter2 is not a function'));
    expect(to).toBe('PENDING');
    expect(set?.error?.code).toBe('INTERNAL');
    expect(JSON.stringify(set)).not.toContain('hunter2');
  });

  it('becomes INTERNAL if it is not an error object', () => {
    expect(changeAfter('oops').set?.error?.code).toBe('INTERNAL');
  });
});

describe.each(['EMBEDDER_UNAVAILABLE', 'VECTOR_STORE_UNAVAILABLE'] as const)(
  'waiting for an unavailable dependency (%s)',
  (code) => {
    const startedAgo = (ms: number) => ({ attempt: 50, startedAt: new Date(now.getTime() - ms) });

    it('exhausts no attempts for an hour', () => {
      expect(changeAfter(fail(code), startedAgo(HOUR - 1)).to).toBe('PENDING');
    });

    it('ends after an hour and all attempts', () => {
      expect(changeAfter(fail(code), startedAgo(HOUR))).toMatchObject({
        to: 'FAILED',
        set: { error: { code: 'ATTEMPTS_EXHAUSTED', cause: code } },
      });
    });

    it('continues after an hour while attempts remain', () => {
      expect(changeAfter(fail(code), { ...startedAgo(5 * HOUR), attempt: 2 }).to).toBe('PENDING');
    });
  },
);

it('expects the status and generation in which the document failed', () => {
  const document = makeDocument({ status: 'EXTRACTING', generation: 4 });
  expect(toFailureChange(document, fail('CORRUPT'), options)).toMatchObject({
    documentId: document.id,
    generation: 4,
    from: 'EXTRACTING',
  });
});
