/** Documents and events for tests that care about few of their fields. */
import { randomUUID } from 'node:crypto';
import type { Document, StatusEvent } from '../../src/documents/document.js';
import { toChangeEvent } from '../../src/documents/status.js';

export function makeDocument(more: Partial<Document> = {}): Document {
  const id = more.id ?? randomUUID();
  const now = new Date();
  return {
    id,
    userId: 'alice',
    filename: 'notes.txt',
    mimeType: 'text/plain',
    fileSize: 42,
    contentHash: 'c'.repeat(64),
    blobKey: id,
    status: 'PENDING',
    seq: 1,
    generation: 1,
    liveGeneration: null,
    attempt: 0,
    maxAttempts: 5,
    progress: { done: 0, total: null },
    error: null,
    vectorCount: 0,
    jobId: randomUUID(),
    priority: 'NORMAL',
    scheduledFor: null,
    nextAttemptAt: null,
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    processedAt: null,
    ...more,
  };
}

/** Returns the durable event of a document in its present state. */
export function makeChange(more: Partial<Document> = {}): StatusEvent {
  return toChangeEvent(makeDocument(more), null);
}
