import { z } from 'zod';
import type { LogRecord } from '../documents/ports.js';
import type { SerialisedEvent } from '../documents/serialise.js';
import { toHeaders } from './cloud-event.js';
import { processingErrorSchema } from './document-status.js';
import { TOPICS } from './topics.js';

/**
 * A message for operators. It never holds the contents of an unreadable message; PostgreSQL keeps
 * those, truncated to 64 kB.
 */
export const deadLetterSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('DOCUMENT_FAILED'),
      documentId: z.uuid(),
      userId: z.string(),
      seq: z.int().min(1),
      generation: z.int().min(1),
      attempt: z.int().min(0),
      error: processingErrorSchema.nullable(),
      occurredAt: z.iso.datetime(),
    }),
    z.object({
      kind: z.literal('MESSAGE_UNREADABLE'),
      topic: z.string(),
      partition: z.int().min(0),
      offset: z.string().meta({ description: 'A 64-bit number, as text.' }),
      reason: z.string().meta({
        description:
          'Why the message is unreadable: NO_KEY, NO_VALUE, TOO_LARGE, NOT_JSON, UNKNOWN_VERSION or INVALID. An open list.',
      }),
      occurredAt: z.iso.datetime(),
    }),
  ])
  .meta({
    id: 'urn:docstream:dead-letter:v1',
    title: 'DeadLetter',
    description: 'A FAILED document or an unreadable message. Neither is retried automatically.',
  });

export type DeadLetterMessage = z.infer<typeof deadLetterSchema>;

const DATA_SCHEMA = 'urn:docstream:dead-letter:v1';

/** Returns the dead letter of an event whose status is FAILED. */
export function toFailedRecord(event: SerialisedEvent): LogRecord {
  const { documentId, userId, seq, generation, attempt, error, occurredAt } = event;
  const message: DeadLetterMessage = {
    kind: 'DOCUMENT_FAILED',
    documentId,
    userId,
    seq,
    generation,
    attempt,
    error,
    occurredAt,
  };
  const id = `${documentId}:${seq}:failed`;
  return toRecord(message, {
    id,
    type: 'docstream.document.failed.v1',
    key: documentId,
    subject: documentId,
  });
}

/** Returns the dead letter of a message that no consumer can read. */
export function toUnreadableRecord(unreadable: {
  topic: string;
  partition: number;
  offset: string;
  reason: string;
}): LogRecord {
  const { topic, partition, offset, reason } = unreadable;
  const message: DeadLetterMessage = {
    kind: 'MESSAGE_UNREADABLE',
    topic,
    partition,
    offset,
    reason,
    occurredAt: new Date().toISOString(),
  };
  const id = `${topic}:${partition}:${offset}`;
  return toRecord(message, { id, type: 'docstream.message.unreadable.v1', key: '', subject: id });
}

function toRecord(
  message: DeadLetterMessage,
  about: { id: string; type: string; key: string; subject: string },
): LogRecord {
  const { key, ...attributes } = about;
  return {
    topic: TOPICS.deadLetter,
    key,
    headers: toHeaders({ ...attributes, time: message.occurredAt, dataSchema: DATA_SCHEMA }),
    value: JSON.stringify(message),
  };
}
