import type { Request } from 'express';

/** A client that still sends after it has its answer is listened to for this long, so that it can read the answer. */
const DRAIN_MS = 30_000;

/** What nobody reads any more is read and thrown away, else the connection would stand still for ever. */
export function drain(request: Request): void {
  if (request.complete) return;
  request.unpipe();
  request.resume();
  const timer = setTimeout(() => request.destroy(), DRAIN_MS);
  request.once('close', () => clearTimeout(timer));
}
