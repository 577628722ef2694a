/**
 * Every durable change goes through the document store: what is committed is counted, and nothing
 * else.
 */
import { Counter, Histogram, type Registry } from 'prom-client';
import { DOCUMENT_STATUSES, type Document, type StatusEvent } from '../documents/document.js';
import type { Change, Claim, DocumentStore } from '../documents/ports.js';
import { isTerminal } from '../documents/status.js';
import { PROCESSING_ERROR_RETRYABLE } from '../errors.js';
import { CALL_BUCKETS, WAIT_BUCKETS } from './timed.js';

type Meters = ReturnType<typeof createMeters>;

const UPLOAD_OUTCOMES = ['accepted', 'duplicate'] as const;
const CLAIM_OUTCOMES = ['some', 'none', 'failed'] as const;

/** The same store; what this process does through it is counted. */
export function measureStore(registry: Registry, store: DocumentStore): DocumentStore {
  const meters = createMeters(registry);
  return {
    ...store,
    accept: async (document) => {
      const accepted = await store.accept(document);
      meters.uploads.inc({ outcome: accepted.duplicateOf === null ? 'accepted' : 'duplicate' });
      if (accepted.duplicateOf === null) countChange(meters, accepted.event);
      return accepted;
    },
    claim: (options) => claim(meters, () => store.claim(options)),
    change: async (changes) => {
      const events = await store.change(changes);
      for (const [position, event] of events.entries())
        if (event) countOutcome(meters, event, changes[position]);
      return events;
    },
    reclaimExpiredLeases: async (options) => {
      const events = await store.reclaimExpiredLeases(options);
      for (const event of events) countReclaimed(meters, event);
      return events;
    },
    markDeleting: async (userId, id) => {
      const event = await store.markDeleting(userId, id);
      if (event) countChange(meters, event);
      return event;
    },
  };
}

async function claim(
  meters: Meters,
  work: () => ReturnType<DocumentStore['claim']>,
): ReturnType<DocumentStore['claim']> {
  const end = meters.claimDuration.startTimer();
  try {
    const claimed = await work();
    meters.claims.inc({ outcome: claimed.claims.length > 0 ? 'some' : 'none' });
    meters.claimedDocuments.inc(claimed.claims.length);
    for (const event of claimed.events) countChange(meters, event);
    for (const one of claimed.claims) observeWait(meters, one);
    return claimed;
  } catch (error) {
    meters.claims.inc({ outcome: 'failed' });
    throw error;
  } finally {
    end();
  }
}

/** A document's first try: later ones wait on purpose. */
function observeWait({ wait }: Meters, { document }: Claim): void {
  const { generation, attempt, startedAt } = document;
  if (generation === 1 && attempt === 1 && startedAt)
    wait.observe(secondsBetween(dueAt(document), startedAt));
}

/**
 * The error is named by the change: a document that a stopping worker gives back still bears the
 * error of an earlier try.
 */
function countOutcome(meters: Meters, event: StatusEvent, change: Change | undefined): void {
  countChange(meters, event);
  const code = change?.set?.error?.code;
  if (code && event.status === 'PENDING') meters.retries.inc({ code });
  if (code && event.status === 'FAILED') meters.failures.inc({ code });
  if (event.document && isTerminal(event.status)) observeDuration(meters, event.document);
}

function countReclaimed(meters: Meters, event: StatusEvent): void {
  countChange(meters, event);
  if (event.status === 'FAILED') meters.failures.inc({ code: event.error?.code ?? 'WORKER_LOST' });
  else meters.retries.inc({ code: 'WORKER_LOST' });
}

function countChange({ changes }: Meters, { status }: StatusEvent): void {
  changes.inc({ status });
}

/**
 * Of the first generation: a later one began when somebody asked for it, which the document does
 * not tell.
 */
function observeDuration({ duration }: Meters, document: Document): void {
  const { generation, status, processedAt } = document;
  if (generation === 1 && processedAt)
    duration.observe({ status }, secondsBetween(dueAt(document), processedAt));
}

function dueAt({ createdAt, scheduledFor }: Document): Date {
  return scheduledFor && scheduledFor > createdAt ? scheduledFor : createdAt;
}

function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, to.getTime() - from.getTime()) / 1_000;
}

function createMeters(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ) => new Counter<Label>({ name, help, labelNames, registers });
  const meters = {
    uploads: counter(
      'docstream_uploads_total',
      'Uploads that were taken, by whether they made a document.',
      ['outcome'],
    ),
    changes: counter(
      'docstream_document_changes_total',
      'Durable changes of documents into a status, made by this process.',
      ['status'],
    ),
    claims: counter(
      'docstream_claims_total',
      'Times the queue was asked for documents, by what it gave.',
      ['outcome'],
    ),
    claimedDocuments: counter(
      'docstream_claimed_documents_total',
      'Documents that this process took from the queue.',
      [],
    ),
    retries: counter(
      'docstream_retries_total',
      'Tries that ended with another one to come, by the reason.',
      ['code'],
    ),
    failures: counter(
      'docstream_failures_total',
      'Documents that this process made FAILED, by the reason.',
      ['code'],
    ),
    claimDuration: new Histogram({
      name: 'docstream_claim_duration_seconds',
      help: 'How long the queue took to answer.',
      buckets: CALL_BUCKETS,
      registers,
    }),
    wait: new Histogram({
      name: 'docstream_document_wait_seconds',
      buckets: WAIT_BUCKETS,
      registers,
      help: 'From the upload, or the time it was scheduled for, to the first claim.',
    }),
    duration: new Histogram({
      name: 'docstream_document_duration_seconds',
      labelNames: ['status'] as const,
      buckets: WAIT_BUCKETS,
      registers,
      help: 'From the upload, or the time it was scheduled for, to the end of the first generation, retries included.',
    }),
  };
  startAtZero(meters);
  return meters;
}

/** A counter that is not there before its first event hides that event from a rate. */
function startAtZero({
  uploads,
  changes,
  claims,
  retries,
  failures,
}: Pick<Meters, 'uploads' | 'changes' | 'claims' | 'retries' | 'failures'>): void {
  for (const outcome of UPLOAD_OUTCOMES) uploads.inc({ outcome }, 0);
  for (const outcome of CLAIM_OUTCOMES) claims.inc({ outcome }, 0);
  for (const status of DOCUMENT_STATUSES) changes.inc({ status }, 0);
  for (const [code, retryable] of Object.entries(PROCESSING_ERROR_RETRYABLE))
    (retryable ? retries : failures).inc({ code }, 0);
}
