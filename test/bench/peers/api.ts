/**
 * The peer's API process. An upload writes a file to the folder, one row and one job. A WebSocket
 * forwards what the workers publish.
 */
import busboy from 'busboy';
import { Queue } from 'bullmq';
import express, { type Request, type Response } from 'express';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Pool } from 'pg';
import { WebSocketServer, type WebSocket } from 'ws';
import {
  channelOf,
  createTable,
  POOL_SIZE,
  QUEUE,
  required,
  toConnection,
  type DocumentJob,
} from './schema.js';

const folder = required('UPLOAD_DIR');
const pool = new Pool({ connectionString: required('DATABASE_URL'), max: POOL_SIZE });
const queue = new Queue<DocumentJob>(QUEUE, {
  connection: toConnection(required('REDIS_URL')),
  prefix: required('QUEUE_PREFIX'),
});
const subscriber = new Redis(required('REDIS_URL'));
const sockets = new Map<string, Set<WebSocket>>();

const INSERT = `insert into documents (id, user_id, filename, file_size, mime_type, job_id) values ($1, $2, $3, $4, $5, $1)`;
const JOB_OPTIONS = {
  attempts: 5,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: true,
  removeOnFail: 1_000,
};

async function upload(request: Request, response: Response): Promise<void> {
  const userId = userOf(request.headers.authorization);
  if (userId === null) {
    response.status(401).json({ error: { code: 'UNAUTHENTICATED' } });
    return;
  }
  const id = randomUUID();
  const file = await receive(request, join(folder, id));
  await pool.query(INSERT, [id, userId, file.filename, file.size, file.mimeType]);
  await queue.add(
    'process',
    { documentId: id, userId, filename: file.filename },
    { ...JOB_OPTIONS, jobId: id },
  );
  response.status(202).json({
    documentId: id,
    fileName: file.filename,
    fileSize: file.size,
    status: 'queued_for_processing',
    jobId: id,
  });
}

interface ReceivedFile {
  filename: string;
  mimeType: string;
  size: number;
}

function receive(request: Request, path: string): Promise<ReceivedFile> {
  return new Promise((resolve, reject) => {
    const form = busboy({
      headers: request.headers,
      limits: { files: 1, fileSize: 100 * 1024 * 1024 },
    });
    form.once('file', (_field: string, stream: Readable, info: busboy.FileInfo) => {
      const target = createWriteStream(path);
      pipeline(stream, target).then(
        () =>
          resolve({
            filename: info.filename ?? 'unnamed',
            mimeType: info.mimeType,
            size: target.bytesWritten,
          }),
        reject,
      );
    });
    form.once('error', reject);
    request.pipe(form);
  });
}

/** Returns the user of a token as the product's development tokens have it: `dev:<user>`. */
function userOf(token: string | undefined): string | null {
  return /^(?:Bearer )?dev:([\w-]+)$/.exec(token ?? '')?.[1] ?? null;
}

function serveSocket(socket: WebSocket): void {
  socket.once('message', (message: Buffer) => {
    const { token } = JSON.parse(message.toString('utf8')) as { token?: string };
    const userId = userOf(token);
    if (userId === null) return socket.close(4401);
    const socketsOfUser = sockets.get(userId) ?? new Set();
    sockets.set(userId, socketsOfUser.add(socket));
    socket.once('close', () => socketsOfUser.delete(socket));
    void subscriber
      .subscribe(channelOf(userId))
      .then(() => socket.send('{"type":"authenticated"}'));
  });
}

subscriber.on('message', (channel: string, message: string) => {
  for (const socket of sockets.get(channel.slice(channelOf('').length)) ?? []) socket.send(message);
});

await createTable(pool);
const app = express();
app.get('/readyz', (_request, response) => void response.json({ status: 'ok' }));
app.post('/api/documents/upload', upload);
const server = createServer(app);
new WebSocketServer({ server, path: '/ws' }).on('connection', serveSocket);
server.listen(Number(required('PORT')), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
