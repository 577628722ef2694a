/**
 * The plain WebSocket at /ws, for clients without GraphQL. Each message is one JSON object.
 *
 *     client                                        server
 *     {"type":"auth","token":"…","since":"…"} ───►
 *                                             ◄───  {"type":"authenticated"}, then the state of
 *                                                   unfinished documents and of those that ended
 *                                                   after `since`, then every change of the
 *                                                   documents of this user
 *     {"type":"ping"}                         ───►
 *                                             ◄───  {"type":"pong"}
 *
 * A token that is invalid or does not arrive in time gets an error and the close code 4401, an
 * expired one 4403. An invalid message gets an error that names the field, and the client may
 * correct it. A socket that sent only invalid messages before the timeout is closed with 4400.
 */
import type { WebSocket } from 'ws';
import { z } from 'zod';
import {
  CLOSE_BAD_REQUEST,
  CLOSE_EXPIRED,
  CLOSE_INTERNAL_ERROR,
  CLOSE_TRY_AGAIN,
  CLOSE_UNAUTHENTICATED,
} from '../auth/close-codes.js';
import type { Document, StatusEvent } from '../../documents/document.js';
import type { Identity, Viewer } from '../../documents/ports.js';
import { isTerminal } from '../../documents/status.js';
import { ApiError, ExpiredTokenError, type ApiErrorCode } from '../../errors.js';
import type { Logger } from '../../runtime/logger.js';
import type { StatusHub, StatusStream } from '../../status/hub.js';
import { createClientLimits, type ClientLimits } from '../../rate-limit/client-limits.js';
import { toInternalError } from '../http/errors.js';
import { guardWebSocket } from '../http/guard-web-socket.js';
import { startHeartbeat } from '../http/heartbeat.js';
import { signInSocket } from '../http/sign-in-socket.js';
import { toRestError, toRestStatus } from '../rest/rest-status.js';

interface Dependencies {
  identity: Identity;
  hub: StatusHub;
  logger: Logger;
  /** Default: limits of this socket alone. */
  limits?: ClientLimits;
}

/** In characters. A Firebase token has about 1,000. */
const MAX_TOKEN_LENGTH = 16_384;
const AUTH_TIMEOUT_MS = 5_000;
/** Without `since`, the client receives what ended in the last 24 h. */
const DEFAULT_LOOKBACK_MS = 24 * 60 * 60 * 1_000;
/** While more bytes are unread by the client, the next event waits. */
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
    if (message instanceof ApiError) return session.rejectMessage(message);
    if (message.type === 'ping') return send(socket, { type: 'pong' });
    session.authenticate(message).then(
      () => clearTimeout(timer),
      (error: unknown) => fail(socket, dependencies.logger, error),
    );
  });
  startHeartbeat(socket);
  socket.once('close', () => {
    clearTimeout(timer);
    session.end();
  });
}

interface Session {
  /** Resolves when the socket is signed in; its events follow. */
  authenticate(message: AuthMessage): Promise<void>;
  rejectMessage(error: ApiError): void;
  /** Closes the socket if no valid message has started the sign-in. */
  expire(): void;
  end(): void;
}

/**
 *     new ─► signing in ─► signed in ─► ended
 *      └───► closed: 4401 if there was no message, 4400 after an invalid one
 */
function createSession(
  socket: WebSocket,
  { identity, hub, limits, logger }: Required<Dependencies>,
): Session {
  let state: 'new' | 'signing in' | 'signed in' = 'new';
  let invalidMessage: ApiError | undefined;
  let stream: StatusStream | undefined;
  let releaseSubscription: (() => void) | undefined;

  async function authenticate({ token, since }: AuthMessage): Promise<void> {
    if (state !== 'new') return send(socket, toError(alreadySignedIn()));
    state = 'signing in';
    const onTokenEnd = (reason: ApiError) => closeWith(socket, reason);
    const viewer = await signInSocket(socket, { identity, limits, token, onTokenEnd });
    if (viewer === null) return;
    state = 'signed in';
    send(socket, { type: 'authenticated' });
    watch(viewer, toChangedSince(since)).catch((error: unknown) => fail(socket, logger, error));
  }

  async function watch(viewer: Viewer, changedSince: Date): Promise<void> {
    releaseSubscription = limits.subscriptions.take(viewer.id);
    stream = await hub.watchUser({ userId: viewer.id, changedSince });
    if (socket.readyState === socket.OPEN) await forward(socket, stream, changedSince);
    else await stream.return?.();
  }

  return {
    authenticate,
    rejectMessage: (error) => {
      invalidMessage = error;
      send(socket, toError(error));
    },
    expire: () => {
      if (state === 'new') closeWith(socket, invalidMessage ?? noTokenInTime());
    },
    end: () => {
      releaseSubscription?.();
      void stream?.return?.();
    },
  };
}

/** Never earlier than 1970: no document is older, and PostgreSQL rejects the year 0. */
function toChangedSince(since: string | undefined): Date {
  return new Date(
    since === undefined ? Date.now() - DEFAULT_LOOKBACK_MS : Math.max(0, Date.parse(since)),
  );
}

type AuthMessage = Extract<z.infer<typeof clientMessage>, { type: 'auth' }>;

/** Returns the message, or an error that names the first invalid field. */
function parseMessage(
  data: WebSocket.RawData,
  isBinary: boolean,
): z.infer<typeof clientMessage> | ApiError {
  const parsed = clientMessage.safeParse(isBinary ? null : parseJson(data));
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.map(String).join('.') ?? '';
  const expected = EXPECTED_VALUES[field];
  if (expected === undefined)
    return new ApiError('BAD_USER_INPUT', 'Send {"type":"auth","token":"…"} or {"type":"ping"}.');
  return new ApiError('BAD_USER_INPUT', `${field} must be ${expected}.`, { field });
}

/** What each field must be, for the error message. */
const EXPECTED_VALUES: Readonly<Record<string, string>> = {
  type: '"auth" or "ping"',
  token: `a string of at most ${MAX_TOKEN_LENGTH} characters`,
  since: 'an ISO 8601 time with an offset, such as 2026-01-31T12:00:00Z',
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

/** Returns null for an event that this protocol does not have, such as the end of a document. */
function toMessage(event: StatusEvent, changedSince: Date): object | null {
  const { document } = event;
  if (!document || event.status === 'DELETING') return null;
  return isTerminal(event.status)
    ? toProcessed(event, document, changedSince)
    : toProgress(event, document);
}

function toProcessed(event: StatusEvent, document: Document, changedSince: Date): object | null {
  const isOlder = document.processedAt !== null && document.processedAt < changedSince;
  if (event.kind === 'SNAPSHOT' && isOlder) return null;
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

function noTokenInTime(): ApiError {
  return new ApiError(
    'UNAUTHENTICATED',
    `No token arrived within ${AUTH_TIMEOUT_MS / 1_000} s; send {"type":"auth","token":"…"} first.`,
  );
}

function alreadySignedIn(): ApiError {
  return new ApiError('BAD_USER_INPUT', 'This WebSocket is already signed in.');
}

function fail(socket: WebSocket, logger: Logger, error: unknown): void {
  closeWith(socket, error instanceof ApiError ? error : toInternalError(error, logger));
}

function closeWith(socket: WebSocket, error: ApiError): void {
  send(socket, toError(error));
  socket.close(closeCodeOf(error), error.code);
}

const CLOSE_CODES: Partial<Record<ApiErrorCode, number>> = {
  UNAUTHENTICATED: CLOSE_UNAUTHENTICATED,
  BAD_USER_INPUT: CLOSE_BAD_REQUEST,
  RATE_LIMITED: CLOSE_TRY_AGAIN,
};

function closeCodeOf(error: ApiError): number {
  return error instanceof ExpiredTokenError
    ? CLOSE_EXPIRED
    : (CLOSE_CODES[error.code] ?? CLOSE_INTERNAL_ERROR);
}

function toError({ code, message, details }: ApiError): object {
  return { type: 'error', data: { code, message, ...details } };
}

function send(socket: WebSocket, message: object): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
}
