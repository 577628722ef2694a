/**
 * What stands between a WebSocket and its protocol, the same for each: messages come at a bounded
 * rate, and a client that does not read what it is sent is not read from either.
 *
 *     reading ─► paused (messages too fast, or responses unread) ─► reading
 *                   └─► closed: 1008, too many messages wait; 1013, unread for too long
 */
import type { RawData, WebSocket } from 'ws';
import { CLOSE_POLICY, CLOSE_TRY_AGAIN } from '../auth/close-codes.js';

export interface WebSocketLimits {
  messagesPerSecond: number;
  /** At once: a client that reconnects subscribes to everything it watched. */
  burst: number;
  /** Received and not handled yet. */
  maxWaiting: number;
  /** Bytes sent and not read by the client. */
  maxUnreadBytes: number;
  /** How long they may stay unread. */
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
/** A client that does not close in time is cut off. */
const CLOSE_MS = 1_000;

interface Guarded {
  sweep(now: number): void;
}

const guarded = new Set<Guarded>();
let sweeper: NodeJS.Timeout | undefined;

/** One timer for all sockets of the process. */
function watch(guard: Guarded): () => void {
  guarded.add(guard);
  sweeper ??= setInterval(() => {
    const now = performance.now();
    for (const each of guarded) each.sweep(now);
  }, SWEEP_MS).unref();
  return () => {
    guarded.delete(guard);
    if (guarded.size > 0) return;
    clearInterval(sweeper);
    sweeper = undefined;
  };
}

/**
 * Calls `onMessage` for each message in order, never more than one in a turn of the loop; what it
 * throws is the caller's business.
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
  let pumping = false;

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

  function pump(): void {
    pumping = false;
    if (isUnread() || socket.readyState !== socket.OPEN) return;
    refill(performance.now());
    const message = tokens >= 1 ? waiting.shift() : undefined;
    if (message) {
      tokens -= 1;
      onMessage(message.data, message.isBinary);
    }
    settle();
  }

  function settle(): void {
    if (waiting.length === 0) return socket.isPaused && !isUnread() ? socket.resume() : undefined;
    socket.pause();
    if (tokens >= 1) schedule();
  }

  function schedule(): void {
    if (pumping) return;
    pumping = true;
    setImmediate(pump);
  }

  function receive(data: RawData, isBinary: boolean): void {
    if (waiting.length >= limits.maxWaiting)
      return cutOff(socket, CLOSE_POLICY, 'Too many messages');
    waiting.push({ data, isBinary });
    if (isUnread()) return socket.pause();
    schedule();
  }

  /** Fast senders get their next messages here, and readers that are slow are noticed. */
  function sweep(now: number): void {
    if (!isUnread()) unreadSince = null;
    else if (now - (unreadSince ??= now) >= limits.unreadMs)
      return cutOff(socket, CLOSE_TRY_AGAIN, 'Responses are not read');
    if (!pumping && !isUnread()) pump();
  }

  socket.on('message', receive);
  socket.once('close', watch({ sweep }));
}

function cutOff(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), CLOSE_MS).unref();
}
