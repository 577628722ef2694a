/**
 * The peer's worker process. A job reads the text, makes passages and vectors, writes two statuses
 * and sends two notifications.
 */
import { Worker, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Pool } from 'pg';
import { channelOf, POOL_SIZE, QUEUE, required, toConnection, type DocumentJob } from './schema.js';

const folder = required('UPLOAD_DIR');
const pool = new Pool({ connectionString: required('DATABASE_URL'), max: POOL_SIZE });
const publisher = new Redis(required('REDIS_URL'));

const MAX_CHUNK_LENGTH = 900;
const DIMENSIONS = 16;

async function processDocument({ data }: Job<DocumentJob>): Promise<void> {
  const { documentId, userId, filename } = data;
  await pool.query(`update documents set status = 'processing', started_at = now() where id = $1`, [
    documentId,
  ]);
  notify(userId, {
    type: 'job_progress',
    data: { jobId: documentId, documentId, status: 'processing', progress: 0 },
  });
  const text = await readFile(join(folder, documentId), 'utf8');
  const chunks = toChunks(text);
  const vectors = await embed(chunks);
  await store(documentId, chunks, vectors);
  await pool.query(
    `update documents set status = 'completed', vector_count = $2, processed_at = now() where id = $1`,
    [documentId, chunks.length],
  );
  notify(userId, {
    type: 'document_processed',
    data: { documentId, filename, status: 'completed', error: null },
  });
}

function toChunks(text: string): string[] {
  const chunks: string[] = [];
  for (let start = 0; start < text.length; start += MAX_CHUNK_LENGTH)
    chunks.push(text.slice(start, start + MAX_CHUNK_LENGTH));
  return chunks;
}

/** Returns vectors at once, as the embedder on the product's side does. */
async function embed(texts: readonly string[]): Promise<Float32Array[]> {
  return texts.map(() => new Float32Array(DIMENSIONS).fill(1 / Math.sqrt(DIMENSIONS)));
}

/** The number of vectors of each document. The store on the product's side keeps the same. */
const stored = new Map<string, number>();

async function store(
  documentId: string,
  chunks: readonly string[],
  vectors: readonly Float32Array[],
): Promise<void> {
  if (vectors.length !== chunks.length) throw new Error('vectors are missing');
  stored.set(documentId, chunks.length);
}

function notify(userId: string, message: object): void {
  void publisher.publish(channelOf(userId), JSON.stringify(message));
}

new Worker<DocumentJob>(QUEUE, processDocument, {
  connection: toConnection(required('REDIS_URL')),
  prefix: required('QUEUE_PREFIX'),
  concurrency: Number(required('CONCURRENCY')),
});
createServer((_request, response) => void response.end('ok')).listen(
  Number(required('PORT')),
  '127.0.0.1',
);
process.once('SIGTERM', () => process.exit(0));
