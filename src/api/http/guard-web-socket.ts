/**
 * Limits of a WebSocket, the same for each protocol. Messages are handled at a bounded rate, and a
 * client that does not read its responses is not read from either.
 *
 *     reading ─► paused (messages too fast, or responses unread) ─► reading
 *                   └─► closed: 1008, too many messages wait; 1013, unread for too long
 */
import type { RawData, WebSocket } from 'ws';
import { CLOSE_POLICY, CLOSE_TRY_AGAIN } from '../auth/close-codes.js';

export interface WebSocketLimits {
  messagesPerSecond: number;
  /** Messages at once: a client that reconnects subscribes to everything it watched. */
  burst: number;
  /** Messages that are received and not handled yet. */
  maxWaiting: number;
  /** Sent bytes that the client has not read. */
  maxUnreadBytes: number;
  /** How long more than `maxUnreadBytes` may stay unread. */
  unreadMs: number;
}

export const WEB_SOCKET_LIMITS: WebSocketLimits = {
  messagesPerSecond: 200,
  burst: 1_200,
  maxWaiting: 1_000,
  maxUnreadBytes: 1024 * 1024,
  unreadMs: 10_000,
};

const SWEEP_MS = 500;
/** For the closing handshake; afterwards the socket is terminated. */
const CLOSE_MS = 1_000;

interface Guard {
  sweep(now: number): void;
}

const guards = new Set<Guard>();
let sweeper: NodeJS.Timeout | undefined;

/** Adds a socket to the timer that all sockets of the process share. Returns a stop function. */
function sweepRegularly(guard: Guard): () => void {
  guards.add(guard);
  sweeper ??= setInterval(() => {
    const now = performance.now();
    for (const each of guards) each.sweep(now);
  }, SWEEP_MS).unref();
  return () => {
    guards.delete(guard);
    if (guards.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  };
}

/**
 * Calls `onMessage` for each message in order, at most once per turn of the event loop. `onMessage`
 * must not throw.
 */
export function guardWebSocket(
  socket: WebSocket,
  onMessage: (data: RawData, isBinary: boolean) => void,
  limits = WEB_SOCKET_LIMITS,
): void {
  const waiting: { data: RawData; isBinary: boolean }[] = [];
  let tokens = limits.burst;
  let refilledAt = performance.now();
  let unreadSince: number | null = null;
  let isScheduled = false;

  function refill(now: number): void {
    tokens = Math.min(
      limits.burst,
      tokens + ((now - refilledAt) * limits.messagesPerSecond) / 1_000,
    );
    refilledAt = now;
  }

  function isUnread(): boolean {
    return socket.bufferedAmount > limits.maxUnreadBytes;
  }

  function handleNext(): void {
    isScheduled = false;
    if (isUnread() || socket.readyState !== socket.OPEN) return;
    refill(performance.now());
    const message = tokens >= 1 ? waiting.shift() : undefined;
    if (message) {
      tokens -= 1;
      onMessage(message.data, message.isBinary);
    }
    pauseOrResume();
  }

  function pauseOrResume(): void {
    if (waiting.length === 0) {
      if (socket.isPaused && !isUnread()) socket.resume();
      return;
    }
    socket.pause();
    if (tokens >= 1) schedule();
  }

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(handleNext);
  }

  function receive(data: RawData, isBinary: boolean): void {
    if (waiting.length >= limits.maxWaiting)
      return closeOrTerminate(socket, CLOSE_POLICY, 'Too many messages');
    waiting.push({ data, isBinary });
    if (isUnread()) return socket.pause();
    schedule();
  }

  /** Handles the next message of a fast sender, and detects a slow reader. */
  function sweep(now: number): void {
    if (!isUnread()) unreadSince = null;
    else if (now - (unreadSince ??= now) >= limits.unreadMs)
      return closeOrTerminate(socket, CLOSE_TRY_AGAIN, 'Responses are not read');
    if (!isScheduled && !isUnread()) handleNext();
  }

  socket.on('message', receive);
  socket.once('close', sweepRegularly({ sweep }));
}

function closeOrTerminate(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), CLOSE_MS).unref();
}
