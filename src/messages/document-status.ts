import type { LogRecord } from '../documents/ports.js';
import type { SerialisedEvent } from '../documents/serialise.js';
import { TOPICS } from './topics.js';

/**
 * The status event that other teams read: CloudEvents 1.0 in Kafka's binary mode. `ce_id` is the same whenever the event is sent
 * again, so a consumer that keeps the highest seq of a document drops every repeat. The text of a document is never in it.
 */
export function toStatusRecord(event: SerialisedEvent): LogRecord {
  return {
    topic: TOPICS.documentStatus,
    key: event.documentId,
    headers: {
      ce_specversion: '1.0',
      ce_id: `${event.documentId}:${String(event.seq)}`,
      ce_source: '/docstream',
      ce_type: 'docstream.document.status-changed.v1',
      ce_time: event.occurredAt,
      ce_subject: event.documentId,
      'content-type': 'application/json',
    },
    value: JSON.stringify(toStatusMessage(event)),
  };
}

function toStatusMessage({ document, ...event }: SerialisedEvent): object {
  return {
    documentId: event.documentId,
    userId: event.userId,
    filename: document?.filename,
    mimeType: document?.mimeType,
    fileSize: document?.fileSize,
    contentHash: document?.contentHash,
    jobId: document?.jobId,
    priority: document?.priority,
    seq: event.seq,
    generation: event.generation,
    attempt: event.attempt,
    status: event.status,
    previousStatus: event.previousStatus,
    progress: event.progress,
    vectorCount: event.vectorCount,
    error: event.error,
    message: event.message,
    createdAt: document?.createdAt,
    startedAt: document?.startedAt,
    processedAt: document?.processedAt,
    nextAttemptAt: document?.nextAttemptAt,
    occurredAt: event.occurredAt,
  };
}
