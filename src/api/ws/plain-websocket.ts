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
 * A token that is not valid, or none in time, gets an error and the close code 4401; an expired one
 * 4403. A message that is wrong gets an error that names the field and may be corrected; a socket
 * that is not signed in by then is closed with 4400.
 */
import type { WebSocket } from 'ws';
import { z } from 'zod';
import {
  CLOSE_BAD_REQUEST,
  CLOSE_EXPIRED,
  CLOSE_TRY_AGAIN,
  CLOSE_UNAUTHENTICATED,
} from '../auth/close-codes.js';
import { watchToken } from '../auth/token-expiry.js';
import type { Document, StatusEvent } from '../../documents/document.js';
import type { Identity, Viewer } from '../../documents/ports.js';
import { isTerminal } from '../../documents/status.js';
import { ApiError, ExpiredTokenError, type ApiErrorCode } from '../../errors.js';
import type { Logger } from '../../runtime/logger.js';
import type { StatusHub, StatusStream } from '../../status/hub.js';
import { createClientLimits, type ClientLimits } from '../../rate-limit/client-limits.js';
import { guardWebSocket } from '../http/guard-web-socket.js';
import { startHeartbeat } from '../http/heartbeat.js';
import { toRestError, toRestStatus } from '../rest/rest-status.js';

interface Dependencies {
  identity: Identity;
  hub: StatusHub;
  logger: Logger;
  /** Left out: limits of this socket's own, with their defaults. */
  limits?: ClientLimits;
}

/** A Firebase token has about a thousand characters. */
const MAX_TOKEN_LENGTH = 16_384;
const AUTH_TIMEOUT_MS = 5_000;
const DEFAULT_WINDOW_MS = 24 * 60 * 60 * 1_000;
/** A client that does not read is not written to without end: past this the next event waits. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const BUFFER_POLL_MS = 50;

const clientMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('auth'),
    token: z.string().max(MAX_TOKEN_LENGTH),
    since: z.iso.datetime({ offset: true }).optional(),
  }),
  z.object({ type: z.literal('ping') }),
]);

export function servePlainWebSocket(
  socket: WebSocket,
  { limits = createClientLimits(), ...dependencies }: Dependencies,
): void {
  const session = createSession(socket, { ...dependencies, limits });
  const timer = setTimeout(session.expire, AUTH_TIMEOUT_MS);
  guardWebSocket(socket, (data, isBinary) => {
    const message = parseMessage(data, isBinary);
    if (message instanceof ApiError) return session.refuseMessage(message);
    if (message.type === 'ping') return send(socket, { type: 'pong' });
    session.authenticate(message).then(
      () => clearTimeout(timer),
      (error: unknown) => {
        if (!(error instanceof ApiError))
          dependencies.logger.error({ err: error }, 'unhandled error on a plain WebSocket');
        refuse(socket, error);
      },
    );
  });
  startHeartbeat(socket);
  socket.once('close', () => {
    clearTimeout(timer);
    session.end();
  });
}

interface Session {
  /** Resolves once the socket is signed in; its events follow. */
  authenticate(message: AuthMessage): Promise<void>;
  refuseMessage(error: ApiError): void;
  /** No valid message has signed this socket in, in time. */
  expire(): void;
  end(): void;
}

/**
 *     new ─► signing in ─► signed in ─► ended          new ─► refused: 4401 without a token, 4400 after a message that was wrong
 */
function createSession(
  socket: WebSocket,
  { identity, hub, limits, logger }: Required<Dependencies>,
): Session {
  let state: 'new' | 'signing in' | 'signed in' = 'new';
  let wrongMessage: ApiError | undefined;
  let stream: StatusStream | undefined;
  const ends: (() => void)[] = [];

  async function watch(viewer: Viewer, changedSince: Date): Promise<void> {
    ends.push(limits.subscriptions.take(viewer.id));
    stream = await hub.watchUser({ userId: viewer.id, changedSince });
    if (socket.readyState !== socket.OPEN) return void (await stream.return?.());
    await forward(socket, stream, changedSince);
  }

  return {
    async authenticate({ token, since }) {
      if (state !== 'new')
        return send(
          socket,
          toError(new ApiError('BAD_USER_INPUT', 'This socket is signed in already.')),
        );
      state = 'signing in';
      const viewer = await identity.verify(token);
      if (socket.readyState !== socket.OPEN) return;
      ends.push(
        limits.connections.take(viewer.id),
        watchToken({ identity, token, viewer }, (error) => refuse(socket, error)),
      );
      state = 'signed in';
      send(socket, { type: 'authenticated' });
      // No document is older than 1970, and no database takes the year 0.
      const changedSince = new Date(
        since === undefined ? Date.now() - DEFAULT_WINDOW_MS : Math.max(0, Date.parse(since)),
      );
      watch(viewer, changedSince).catch((error: unknown) => {
        if (!(error instanceof ApiError))
          logger.error({ err: error }, 'unhandled error on a plain WebSocket');
        refuse(socket, error);
      });
    },
    refuseMessage(error) {
      wrongMessage = error;
      send(socket, toError(error));
    },
    expire() {
      if (state === 'new') refuse(socket, wrongMessage ?? noToken());
    },
    end() {
      for (const end of ends.splice(0)) end();
      void stream?.return?.();
    },
  };
}

type AuthMessage = Extract<z.infer<typeof clientMessage>, { type: 'auth' }>;

/** The message, or an error that names the first field that is wrong. */
function parseMessage(
  data: WebSocket.RawData,
  isBinary: boolean,
): z.infer<typeof clientMessage> | ApiError {
  const parsed = clientMessage.safeParse(isBinary ? null : parseJson(data));
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  const expected = EXPECTED[field];
  if (expected === undefined)
    return new ApiError('BAD_USER_INPUT', 'Send {"type":"auth","token":"…"} or {"type":"ping"}.');
  return new ApiError('BAD_USER_INPUT', `${field} must be ${expected}.`, { field });
}

/** By field, for a message to a person. */
const EXPECTED: Readonly<Record<string, string>> = {
  type: '"auth" or "ping"',
  token: 'a string, the token',
  since: 'a time in ISO 8601 with an offset, such as 2026-01-31T12:00:00Z',
};

function parseJson(data: WebSocket.RawData): unknown {
  try {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer);
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

async function forward(socket: WebSocket, stream: StatusStream, changedSince: Date): Promise<void> {
  for await (const event of stream) {
    if (socket.readyState !== socket.OPEN) return;
    const message = toMessage(event, changedSince);
    if (message) send(socket, message);
    while (socket.bufferedAmount > MAX_BUFFERED_BYTES && socket.readyState === socket.OPEN)
      await delay(BUFFER_POLL_MS);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Null for what these clients have no word for. */
function toMessage(event: StatusEvent, changedSince: Date): object | null {
  const { document } = event;
  if (!document || event.status === 'DELETING') return null;
  return isTerminal(event.status)
    ? toEnded(event, document, changedSince)
    : toProgress(event, document);
}

function toEnded(event: StatusEvent, document: Document, changedSince: Date): object | null {
  const endedBefore = document.processedAt !== null && document.processedAt < changedSince;
  if (event.kind === 'SNAPSHOT' && endedBefore) return null;
  const { id: documentId, filename, processedAt } = document;
  return {
    type: 'document_processed',
    data: {
      documentId,
      filename,
      status: toRestStatus(document),
      error: toRestError(document),
      processedAt,
    },
  };
}

function toProgress(event: StatusEvent, document: Document): object {
  const { done, total } = event.progress;
  const progress =
    total === null || total === 0 ? 0 : Math.min(100, Math.round((100 * done) / total));
  const status = toRestStatus({ status: event.status, attempt: event.attempt });
  return {
    type: 'job_progress',
    data: {
      jobId: document.jobId,
      documentId: event.documentId,
      status,
      progress,
      message: event.message,
    },
  };
}

function noToken(): ApiError {
  return new ApiError(
    'UNAUTHENTICATED',
    'No token came in 5 s: send {"type":"auth","token":"…"} first.',
  );
}

function refuse(socket: WebSocket, error: unknown): void {
  const apiError =
    error instanceof ApiError
      ? error
      : new ApiError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
  send(socket, toError(apiError));
  socket.close(closeCodeOf(apiError), apiError.code);
}

const CLOSE_CODES: Partial<Record<ApiErrorCode, number>> = {
  UNAUTHENTICATED: CLOSE_UNAUTHENTICATED,
  BAD_USER_INPUT: CLOSE_BAD_REQUEST,
  RATE_LIMITED: CLOSE_TRY_AGAIN,
};

function closeCodeOf(error: ApiError): number {
  return error instanceof ExpiredTokenError ? CLOSE_EXPIRED : (CLOSE_CODES[error.code] ?? 1011);
}

function toError({ code, message, details }: ApiError): object {
  return { type: 'error', data: { code, message, ...details } };
}

function send(socket: WebSocket, message: object): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
}
