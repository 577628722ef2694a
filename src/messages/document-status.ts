import { z } from 'zod';
import type { LogRecord } from '../documents/ports.js';
import type { SerialisedDocument, SerialisedEvent } from '../documents/serialise.js';
import { toHeaders } from './cloud-event.js';
import { TOPICS } from './topics.js';

export const STATUS_EVENT_TYPE = 'docstream.document.status-changed.v1';
export const STATUS_SCHEMA_ID = 'urn:docstream:document-status:v1';

const time = () => z.iso.datetime();

export const processingErrorSchema = z.object({
  code: z
    .string()
    .meta({ description: 'The code of the error. An open list: new codes may be added.' }),
  cause: z.string().nullable().meta({
    description: 'The code of the last attempt if code is ATTEMPTS_EXHAUSTED, else null.',
  }),
  message: z.string().meta({ description: 'A sentence for a person. Match codes, not messages.' }),
  retryable: z.boolean().meta({ description: 'Whether the system retries automatically.' }),
  stage: z.string().meta({ description: 'The status in which the error occurred.' }),
});

/**
 * The message that other teams read. It only ever gains optional fields; any other change needs a
 * new topic. Status and codes are open strings on purpose: a consumer must accept values that it
 * does not know.
 */
export const statusMessageSchema = z
  .object({
    documentId: z.uuid().meta({
      description: 'The id of the document, and the key of the record. An id is never used again.',
    }),
    userId: z.string().meta({ description: 'The owner of the document. Personal data.' }),
    filename: z.string().meta({ description: 'The file name of the upload. Personal data.' }),
    mimeType: z
      .string()
      .meta({ description: 'The type that the first bytes of the file show, not its name.' }),
    fileSize: z.int().min(0).meta({ description: 'The size of the file in bytes.' }),
    contentHash: z.string().meta({ description: 'The SHA-256 of the file in lower-case hex.' }),
    jobId: z.string(),
    priority: z.string().meta({ description: 'HIGH, NORMAL or LOW.' }),
    seq: z.int().min(1).meta({
      description: 'The number of the event within its document: starts at 1 and has no gaps.',
    }),
    generation: z.int().min(1).meta({
      description: 'Starts at 1 and rises by one each time a person asks for new processing.',
    }),
    attempt: z
      .int()
      .min(0)
      .meta({ description: 'The number of attempts within this generation; 0 before the first.' }),
    status: z.string().meta({
      description:
        'PENDING, EXTRACTING, VECTORIZING, COMPLETED, FAILED, CANCELLED or DELETING. An open list: treat an unknown status as not terminal.',
    }),
    previousStatus: z.string().nullable().meta({
      description: 'The status before this event; null in the first event of a document.',
    }),
    progress: z
      .object({
        done: z.int().min(0),
        total: z
          .int()
          .min(0)
          .nullable()
          .meta({ description: 'The number of all chunks; null until it is known.' }),
      })
      .meta({
        description:
          'The numbers of stored chunks and of all chunks. Progress alone makes no event.',
      }),
    vectorCount: z
      .int()
      .min(0)
      .meta({ description: 'The number of vectors that searches use now.' }),
    error: processingErrorSchema.nullable(),
    message: z.string().meta({ description: 'A sentence for a person.' }),
    createdAt: time(),
    startedAt: time().nullable(),
    processedAt: time().nullable(),
    nextAttemptAt: time().nullable(),
    occurredAt: time().meta({ description: 'The time of the commit; equal to ce_time.' }),
  })
  .meta({
    id: STATUS_SCHEMA_ID,
    title: 'DocumentStatus',
    description: "A durable change of one document. Never contains the document's text.",
  });

export type StatusMessage = z.infer<typeof statusMessageSchema>;

interface Trace {
  traceparent?: string | undefined;
}

/**
 * Returns the record of an event. Every repetition of the event has the same `ce_id` and seq, so a
 * consumer that keeps the highest seq of a document drops all repetitions.
 */
export function toStatusRecord(event: SerialisedEvent, { traceparent }: Trace = {}): LogRecord {
  return {
    topic: TOPICS.documentStatus,
    key: event.documentId,
    headers: toHeaders({
      id: `${event.documentId}:${event.seq}`,
      type: STATUS_EVENT_TYPE,
      time: event.occurredAt,
      subject: event.documentId,
      dataSchema: STATUS_SCHEMA_ID,
      traceparent,
    }),
    value: JSON.stringify(toStatusMessage(event)),
  };
}

/** Returns the record of an event for the compacted topic, as the newest state of its document. */
export function toLatestRecord(event: SerialisedEvent, trace: Trace = {}): LogRecord {
  return { ...toStatusRecord(event, trace), topic: TOPICS.documentStatusLatest };
}

/**
 * Returns the record after which compaction removes all records of a deleted document. A tombstone
 * has no data and thus isn't a CloudEvent.
 */
export function toTombstone(documentId: string): LogRecord {
  return { topic: TOPICS.documentStatusLatest, key: documentId, headers: {}, value: null };
}

function toStatusMessage({ document, ...event }: SerialisedEvent): StatusMessage {
  if (!document) throw new Error(`event ${event.documentId}:${event.seq} has no document`);
  return { ...toIdentity(document), ...toChange(event), ...toTimes(document, event) };
}

function toIdentity(document: SerialisedDocument) {
  const { id, userId, filename, mimeType, fileSize, contentHash, jobId, priority } = document;
  return { documentId: id, userId, filename, mimeType, fileSize, contentHash, jobId, priority };
}

function toChange(event: Omit<SerialisedEvent, 'document'>) {
  const {
    seq,
    generation,
    attempt,
    status,
    previousStatus,
    progress,
    vectorCount,
    error,
    message,
  } = event;
  return {
    seq,
    generation,
    attempt,
    status,
    previousStatus,
    progress,
    vectorCount,
    error,
    message,
  };
}

function toTimes(
  { createdAt, startedAt, processedAt, nextAttemptAt }: SerialisedDocument,
  event: Omit<SerialisedEvent, 'document'>,
) {
  return { createdAt, startedAt, processedAt, nextAttemptAt, occurredAt: event.occurredAt };
}
