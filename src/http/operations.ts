import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a proxy adds: whoever is behind it is not on this machine, although the proxy is. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/**
 * Whether what is for operators may be told: to this machine, and to who names the token. This machine is told by the address of the
 * connection; a header can take that away and never give it.
 */
export function mayOperate(request: Pick<IncomingMessage, 'headers' | 'socket'>, operationsToken: string | null): boolean {
  const { headers, socket } = request;
  if (isLoopback(socket.remoteAddress ?? '') && !FORWARDED.some((name) => name in headers)) return true;
  return operationsToken !== null && isSame(headers.authorization ?? '', `Bearer ${operationsToken}`);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.replace(/^::ffff:/, '').startsWith('127.');
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
