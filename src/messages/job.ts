import { z } from 'zod';
import type { LogRecord } from '../documents/ports.js';
import { TOPICS } from './topics.js';

/** A wake-up message: documents wait. It holds ids only, never text or files. */
export const jobMessageSchema = z
  .object({
    version: z.literal(1),
    documentId: z
      .uuid()
      .meta({ description: 'The id of the document, and the key of the record.' }),
    generation: z.int().min(1),
  })
  .meta({
    id: 'urn:docstream:job:v1',
    title: 'Job',
    description: 'A wake-up message: there is work. PostgreSQL decides which document is next.',
  });

export type JobMessage = z.infer<typeof jobMessageSchema>;

/** The reason why a message cannot be read. */
export type Unreadable =
  'NO_KEY' | 'NO_VALUE' | 'TOO_LARGE' | 'NOT_JSON' | 'UNKNOWN_VERSION' | 'INVALID';

export type ParsedJob = { ok: true; job: JobMessage } | { ok: false; reason: Unreadable };

/** A job message has about 100 bytes. Longer messages than this limit are not parsed. */
const MAX_JOB_BYTES = 16 * 1024;

export function toJobRecord(job: {
  documentId: string;
  generation: number;
  traceparent?: string | undefined;
}): LogRecord {
  const message: JobMessage = {
    version: 1,
    documentId: job.documentId,
    generation: job.generation,
  };
  return {
    topic: TOPICS.jobs,
    key: job.documentId,
    headers: {
      'content-type': 'application/json',
      ...(job.traceparent !== undefined && { traceparent: job.traceparent }),
    },
    value: JSON.stringify(message),
  };
}

/**
 * Parses a job message. Never throws: an unreadable message is a normal result, because it must not
 * block its partition.
 */
export function parseJobMessage({
  key,
  value,
}: {
  key: Uint8Array | null;
  value: Uint8Array | null;
}): ParsedJob {
  if (value === null || value.length === 0) return { ok: false, reason: 'NO_VALUE' };
  if (value.length > MAX_JOB_BYTES) return { ok: false, reason: 'TOO_LARGE' };
  if (key === null || key.length === 0) return { ok: false, reason: 'NO_KEY' };
  const json = parseJson(value);
  if (json === undefined) return { ok: false, reason: 'NOT_JSON' };
  if (isOtherVersion(json)) return { ok: false, reason: 'UNKNOWN_VERSION' };
  const parsed = jobMessageSchema.safeParse(json);
  return parsed.success ? { ok: true, job: parsed.data } : { ok: false, reason: 'INVALID' };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function isOtherVersion(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'version' in json && json.version !== 1;
}
