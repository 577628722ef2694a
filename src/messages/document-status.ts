import { z } from 'zod';
import type { LogRecord } from '../documents/ports.js';
import type { SerialisedDocument, SerialisedEvent } from '../documents/serialise.js';
import { toHeaders } from './cloud-event.js';
import { TOPICS } from './topics.js';

export const STATUS_EVENT_TYPE = 'docstream.document.status-changed.v1';
export const STATUS_SCHEMA_ID = 'urn:docstream:document-status:v1';

const time = () => z.iso.datetime();

export const processingErrorSchema = z.object({
  code: z.string().meta({ description: 'What went wrong. An open list: new codes may come.' }),
  cause: z
    .string()
    .nullable()
    .meta({ description: 'The code of the last try, where code is ATTEMPTS_EXHAUSTED.' }),
  message: z.string().meta({ description: 'One line for a person. Match codes, not messages.' }),
  retryable: z.boolean().meta({ description: 'The system tries again by itself.' }),
  stage: z.string().meta({ description: 'The status in which it happened.' }),
});

/**
 * The message that other teams read. It only ever gains optional fields; any other change needs a
 * new topic. Status and codes are open strings on purpose: a consumer must accept values that it
 * does not know.
 */
export const statusMessageSchema = z
  .object({
    documentId: z
      .uuid()
      .meta({ description: 'The key of the record as well. An id is never used again.' }),
    userId: z.string().meta({ description: 'Whose document it is. Personal data.' }),
    filename: z.string().meta({ description: 'As uploaded. Personal data.' }),
    mimeType: z.string().meta({ description: 'By the first bytes of the file, not by its name.' }),
    fileSize: z.int().min(0).meta({ description: 'Bytes.' }),
    contentHash: z.string().meta({ description: 'SHA-256 of the file, lower-case hex.' }),
    jobId: z.string(),
    priority: z.string().meta({ description: 'HIGH, NORMAL or LOW.' }),
    seq: z.int().min(1).meta({
      description: 'Starts at 1, rises by one with every event of a document, has no gaps.',
    }),
    generation: z
      .int()
      .min(1)
      .meta({ description: 'Rises by one with every new run that a person asks for.' }),
    attempt: z
      .int()
      .min(0)
      .meta({ description: 'Tries within this generation; 0 before the first.' }),
    status: z.string().meta({
      description:
        'PENDING, EXTRACTING, VECTORIZING, COMPLETED, FAILED, CANCELLED or DELETING. An open list: one that you do not know is not terminal.',
    }),
    previousStatus: z
      .string()
      .nullable()
      .meta({ description: 'Null in the first event of a document.' }),
    progress: z
      .object({
        done: z.int().min(0),
        total: z.int().min(0).nullable().meta({ description: 'Null until it is known.' }),
      })
      .meta({ description: 'Chunks stored, of chunks in all. Progress alone makes no event.' }),
    vectorCount: z.int().min(0).meta({ description: 'Vectors that answer searches now.' }),
    error: processingErrorSchema.nullable(),
    message: z.string().meta({ description: 'One line for a person.' }),
    createdAt: time(),
    startedAt: time().nullable(),
    processedAt: time().nullable(),
    nextAttemptAt: time().nullable(),
    occurredAt: time().meta({ description: 'When it was committed; ce_time as well.' }),
  })
  .meta({
    id: STATUS_SCHEMA_ID,
    title: 'DocumentStatus',
    description: 'A durable change of one document. Never holds its text.',
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
