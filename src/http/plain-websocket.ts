/**
 * The plain WebSocket of the seed's clients, at /ws: one JSON object a message.
 *
 *     client                                        server
 *     {"type":"auth","token":"…","since":"…"} ───►
 *                                             ◄───  {"type":"authenticated"}, then what is unfinished and what has ended since,
 *                                                   then every change of this user's documents and nobody else's
 *     {"type":"ping"}                         ───►
 *                                             ◄───  {"type":"pong"}
 *
 * A bad token, or none in time, is answered by an error and the close code 4401; an expired one by 4403.
 */
import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { Document, StatusEvent } from '../documents/document.js';
import type { Identity, Viewer } from '../documents/ports.js';
import { isTerminal } from '../documents/status.js';
import { ApiError, ExpiredTokenError } from '../errors.js';
import type { Logger } from '../runtime/logger.js';
import type { StatusHub, StatusStream } from '../status/hub.js';
import { toRestError, toRestStatus } from './rest-status.js';

interface Dependencies {
  identity: Identity;
  hub: StatusHub;
  logger: Logger;
}

const AUTH_TIMEOUT_MS = 5_000;
const DEFAULT_WINDOW_MS = 24 * 60 * 60 * 1_000;
const LONGEST_TIMER_MS = 2_147_483_647;
const CLOSE_UNAUTHENTICATED = 4401;
const CLOSE_EXPIRED = 4403;
/** A client that does not read is not written to without end: past this the next event waits. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const BUFFER_POLL_MS = 50;
const HEARTBEAT_MS = 12_000;

const clientMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('auth'), token: z.string(), since: z.iso.datetime({ offset: true }).optional() }),
  z.object({ type: z.literal('ping') }),
]);

export function servePlainWebSocket(socket: WebSocket, dependencies: Dependencies): void {
  let authentication: 'none' | 'under way' | 'done' = 'none';
  let stream: StatusStream | undefined;
  const timer = setTimeout(() => refuse(socket, noToken()), AUTH_TIMEOUT_MS);

  async function authenticate(token: string, since: string | undefined): Promise<void> {
    if (authentication !== 'none') return send(socket, toError(new ApiError('BAD_USER_INPUT', 'This socket is signed in already.')));
    authentication = 'under way';
    const viewer = await dependencies.identity.verify(token);
    clearTimeout(timer);
    authentication = 'done';
    closeWhenExpired(viewer, socket);
    send(socket, { type: 'authenticated' });
    // No document is older than 1970, and no database takes the year 0.
    const changedSince = new Date(since === undefined ? Date.now() - DEFAULT_WINDOW_MS : Math.max(0, Date.parse(since)));
    stream = await dependencies.hub.watchUser({ userId: viewer.id, changedSince });
    if (socket.readyState !== socket.OPEN) return void (await stream.return?.());
    await forward(socket, stream, changedSince);
  }

  socket.on('message', (data, isBinary) => {
    // It asks and does not read the answers.
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) return socket.terminate();
    const message = isBinary ? null : parseMessage(data);
    if (message === null)
      return send(socket, toError(new ApiError('BAD_USER_INPUT', 'Send {"type":"auth","token":"…"} or {"type":"ping"}.')));
    if (message.type === 'ping') return send(socket, { type: 'pong' });
    authenticate(message.token, message.since).catch((error: unknown) => {
      if (!(error instanceof ApiError)) dependencies.logger.error({ err: error }, 'a plain WebSocket met a bug');
      refuse(socket, error);
    });
  });
  const stopHeartbeat = startHeartbeat(socket);
  socket.on('close', () => {
    clearTimeout(timer);
    stopHeartbeat();
    void stream?.return?.();
  });
}

/** A peer that vanished without a word would be kept for as long as TCP has patience. */
function startHeartbeat(socket: WebSocket): () => void {
  let answered = true;
  socket.on('pong', () => (answered = true));
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, HEARTBEAT_MS);
  return () => clearInterval(timer);
}

function parseMessage(data: WebSocket.RawData): z.infer<typeof clientMessage> | null {
  try {
    const text = Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data as ArrayBuffer).toString('utf8');
    return clientMessage.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function forward(socket: WebSocket, stream: StatusStream, changedSince: Date): Promise<void> {
  for await (const event of stream) {
    if (socket.readyState !== socket.OPEN) return;
    const message = toMessage(event, changedSince);
    if (message) send(socket, message);
    while (socket.bufferedAmount > MAX_BUFFERED_BYTES && socket.readyState === socket.OPEN) await delay(BUFFER_POLL_MS);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Null for what these clients have no word for. */
function toMessage(event: StatusEvent, changedSince: Date): object | null {
  const { document } = event;
  if (!document || event.status === 'DELETING') return null;
  return isTerminal(event.status) ? toEnded(event, document, changedSince) : toProgress(event, document);
}

function toEnded(event: StatusEvent, document: Document, changedSince: Date): object | null {
  const endedBefore = document.processedAt !== null && document.processedAt < changedSince;
  if (event.kind === 'SNAPSHOT' && endedBefore) return null;
  const { id: documentId, filename, processedAt } = document;
  return {
    type: 'document_processed',
    data: { documentId, filename, status: toRestStatus(document), error: toRestError(document), processedAt },
  };
}

function toProgress(event: StatusEvent, document: Document): object {
  const { done, total } = event.progress;
  const progress = total === null || total === 0 ? 0 : Math.min(100, Math.round((100 * done) / total));
  const status = toRestStatus({ status: event.status, attempt: event.attempt });
  return { type: 'job_progress', data: { jobId: document.jobId, documentId: event.documentId, status, progress, message: event.message } };
}

function closeWhenExpired({ expiresAt }: Viewer, socket: WebSocket): void {
  if (expiresAt === null) return;
  const timer = setTimeout(() => refuse(socket, new ExpiredTokenError()), Math.min(expiresAt.getTime() - Date.now(), LONGEST_TIMER_MS));
  socket.once('close', () => clearTimeout(timer));
}

function noToken(): ApiError {
  return new ApiError('UNAUTHENTICATED', 'No token came in 5 s: send {"type":"auth","token":"…"} first.');
}

function refuse(socket: WebSocket, error: unknown): void {
  const apiError = error instanceof ApiError ? error : new ApiError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
  send(socket, toError(apiError));
  socket.close(closeCodeOf(apiError), apiError.code);
}

function closeCodeOf(error: ApiError): number {
  if (error instanceof ExpiredTokenError) return CLOSE_EXPIRED;
  return error.code === 'UNAUTHENTICATED' ? CLOSE_UNAUTHENTICATED : 1011;
}

function toError({ code, message, details }: ApiError): object {
  return { type: 'error', data: { code, message, ...details } };
}

function send(socket: WebSocket, message: object): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
}
