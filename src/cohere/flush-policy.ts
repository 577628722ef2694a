/**
 * Decides when the next call leaves. Pure: the batcher passes its state and the time.
 *
 *     nothing queued, tokens being acquired, or maxCalls in flight   none: the next change decides
 *     enough texts for a full call                                   flush
 *     pending requests can fill the call                             recheck, for 3 s at most
 *     high load (a full call is in flight, or was 500 ms ago)        flush later: maxLingerMs
 *                                                                    after the oldest text
 *     other calls in flight                                          flush later: lingerMs
 *     no call in flight                                              flush later: idleLingerMs
 */

export interface FlushLimits {
  /** Texts of a full call. */
  maxTexts: number;
  /** Calls in flight at once. */
  maxCalls: number;
  /** How long to wait for more texts while no call is in flight. */
  idleLingerMs: number;
  /** How long to wait for more texts while other calls are in flight. */
  lingerMs: number;
  /** How long the oldest text waits under high load. 0: high load makes no difference. */
  maxLingerMs: number;
}

export interface FlushState {
  limits: FlushLimits;
  queuedTexts: number;
  queuedRequests: number;
  /** Requests in progress, queued ones included, while more follow; 0 if that is unknown. */
  pendingRequests: number;
  callsInFlight: number;
  fullCallsInFlight: number;
  /** Whether a call that has not left yet acquires its tokens. */
  isAcquiring: boolean;
  /** When the oldest queued text arrived, on the clock of `now`. */
  waitingSince: number;
  /** When high load ends after the last full call, on the clock of `now`. */
  highLoadUntil: number;
}

export type Flush =
  { action: 'none' } | { action: 'flush' } | { action: 'flush later' | 'recheck'; delayMs: number };

/**
 * How long after the end of a full call its documents may take to submit their next texts: high
 * load lasts so long.
 */
export const HIGH_LOAD_COOLDOWN_MS = 500;
/** How long a vector store under load may take to store the results of earlier calls. */
const MAX_FILLING_MS = 3_000;
const RECHECK_MS = 20;

/** Returns what to do with the queued texts at the time `now`, in milliseconds. */
export function nextFlush(state: FlushState, now: number): Flush {
  const { limits, queuedTexts, callsInFlight, isAcquiring } = state;
  if (isAcquiring || queuedTexts === 0 || callsInFlight >= limits.maxCalls)
    return { action: 'none' };
  if (queuedTexts >= limits.maxTexts) return { action: 'flush' };
  if (isFilling(state, now)) return { action: 'recheck', delayMs: RECHECK_MS };
  return { action: 'flush later', delayMs: lingerMsOf(state, now) };
}

/**
 * Returns whether the requests that are not queued yet can fill the call. They bring as many texts
 * as the queued ones do.
 */
function isFilling(state: FlushState, now: number): boolean {
  const { limits, queuedTexts, queuedRequests, pendingRequests, waitingSince } = state;
  if (queuedRequests === 0 || now - waitingSince > MAX_FILLING_MS) return false;
  const toCome = pendingRequests - queuedRequests;
  return queuedTexts + toCome * (queuedTexts / queuedRequests) >= limits.maxTexts;
}

function lingerMsOf(state: FlushState, now: number): number {
  const { maxLingerMs, idleLingerMs, lingerMs } = state.limits;
  if (maxLingerMs > 0 && isHighLoad(state, now))
    return Math.max(state.waitingSince + maxLingerMs - now, 0);
  return state.callsInFlight === 0 ? idleLingerMs : lingerMs;
}

function isHighLoad({ fullCallsInFlight, highLoadUntil }: FlushState, now: number): boolean {
  return fullCallsInFlight > 0 || now < highLoadUntil;
}
