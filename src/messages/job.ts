import type { LogRecord } from '../documents/ports.js';
import { TOPICS } from './topics.js';

/** A permit: there is work. Ids only, never the text, never the file. */
export interface JobMessage {
  version: 1;
  documentId: string;
  generation: number;
}

export function toJobRecord(job: { documentId: string; generation: number }): LogRecord {
  const message: JobMessage = { version: 1, documentId: job.documentId, generation: job.generation };
  return { topic: TOPICS.jobs, key: job.documentId, headers: { 'content-type': 'application/json' }, value: JSON.stringify(message) };
}
