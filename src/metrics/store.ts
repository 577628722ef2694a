/**
 * Metrics of the documents. Every durable change goes through the document store, so counting its
 * results counts every committed change and nothing else.
 */
import { Counter, Histogram, type Registry } from 'prom-client';
import { DOCUMENT_STATUSES, type Document, type StatusEvent } from '../documents/document.js';
import type { Change, DocumentStore } from '../documents/ports.js';
import { isTerminal } from '../documents/status.js';
import { PROCESSING_ERROR_RETRYABLE } from '../errors.js';
import { CALL_BUCKETS, WAIT_BUCKETS } from './timed.js';

type Meters = ReturnType<typeof createMeters>;

const UPLOAD_OUTCOMES = ['accepted', 'duplicate'] as const;
const CLAIM_OUTCOMES = ['some', 'none', 'failed'] as const;

/** Wraps a document store to count the changes that this process makes. */
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
    claim: (options) => measureClaim(meters, () => store.claim(options)),
    change: async (changes) => {
      const events = await store.change(changes);
      for (const [index, event] of events.entries())
        if (event) countOutcome(meters, event, changes[index]);
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

async function measureClaim(
  meters: Meters,
  claim: () => ReturnType<DocumentStore['claim']>,
): ReturnType<DocumentStore['claim']> {
  const end = meters.claimDuration.startTimer();
  try {
    const result = await claim();
    meters.claims.inc({ outcome: result.claims.length > 0 ? 'some' : 'none' });
    meters.claimedDocuments.inc(result.claims.length);
    for (const event of result.events) countChange(meters, event);
    for (const { document } of result.claims) observeWait(meters, document);
    return result;
  } catch (error) {
    meters.claims.inc({ outcome: 'failed' });
    throw error;
  } finally {
    end();
  }
}

/** Observes first attempts only: later ones are delayed on purpose. */
function observeWait({ wait }: Meters, document: Document): void {
  const { generation, attempt, startedAt } = document;
  if (generation === 1 && attempt === 1 && startedAt)
    wait.observe(secondsBetween(dueAt(document), startedAt));
}

/**
 * Takes the error from the change, not from the document: a document that a stopping worker
 * releases still has the error of an earlier attempt.
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

/** Observes first generations only: a document does not record when a later one was requested. */
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
  const meters = { ...createCounters(registry), ...createHistograms(registry) };
  startAtZero(meters);
  return meters;
}

function createCounters(registry: Registry) {
  function counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Counter<Label> {
    return new Counter<Label>({ name, help, labelNames, registers: [registry] });
  }
  return {
    uploads: counter(
      'docstream_uploads_total',
      'Uploads that were stored, by outcome: a new document or a duplicate of one.',
      ['outcome'],
    ),
    changes: counter(
      'docstream_document_changes_total',
      'Durable changes of documents that this process made, by new status.',
      ['status'],
    ),
    claims: counter(
      'docstream_claims_total',
      'Claims that this process made, by outcome: some documents, none, or failed.',
      ['outcome'],
    ),
    claimedDocuments: counter(
      'docstream_claimed_documents_total',
      'Documents that this process claimed from the queue.',
      [],
    ),
    retries: counter(
      'docstream_retries_total',
      'Processing attempts that failed and are retried, by error code.',
      ['code'],
    ),
    failures: counter(
      'docstream_failures_total',
      'Documents that this process changed to FAILED, by error code.',
      ['code'],
    ),
  };
}

function createHistograms(registry: Registry) {
  const registers = [registry];
  return {
    claimDuration: new Histogram({
      name: 'docstream_claim_duration_seconds',
      help: 'Duration of a claim, in seconds.',
      buckets: CALL_BUCKETS,
      registers,
    }),
    wait: new Histogram({
      name: 'docstream_document_wait_seconds',
      buckets: WAIT_BUCKETS,
      registers,
      help: 'Time from the upload of a document, or from its scheduled time, to its first claim, in seconds.',
    }),
    duration: new Histogram({
      name: 'docstream_document_duration_seconds',
      labelNames: ['status'] as const,
      buckets: WAIT_BUCKETS,
      registers,
      help: 'Time from the upload of a document, or from its scheduled time, to the end of its first generation, retries included, in seconds.',
    }),
  };
}

/** Creates every label: a counter that first appears with its first event hides it from a rate. */
function startAtZero({
  uploads,
  changes,
  claims,
  retries,
  failures,
}: ReturnType<typeof createCounters>): void {
  for (const outcome of UPLOAD_OUTCOMES) uploads.inc({ outcome }, 0);
  for (const outcome of CLAIM_OUTCOMES) claims.inc({ outcome }, 0);
  for (const status of DOCUMENT_STATUSES) changes.inc({ status }, 0);
  for (const [code, retryable] of Object.entries(PROCESSING_ERROR_RETRYABLE))
    (retryable ? retries : failures).inc({ code }, 0);
}
