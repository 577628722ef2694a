/**
 * Fills calls with the texts of many requests, taken in turn over the users, then over the
 * documents: a small request waits for one call, however much others have submitted. A call leaves
 * when it is full; when none is under way and nothing more has come for `idleMs`; when others are
 * under way and nothing more has come for `quietMs`. While there is a crowd (a full call is under
 * way, or was a moment ago) more is about to come: what does not fill a call waits for it, up to
 * `patienceMs`; longer while the documents that are known to follow can fill it. Before it leaves
 * it waits for its turn (`pace`), and goes on filling while it waits: under a rate limit calls are
 * full.
 *
 * A call that is refused because of what is in it is halved until the request that is to blame
 * stands alone: nobody's text fails another's.
 */
import { createFairQueue } from '../documents/fair-queue.js';
import type { EmbedOptions } from '../documents/ports.js';

export interface Batcher<Result> {
  /**
   * One result a text, in order. Rejects with the reason of the signal; what has not left is
   * dropped then.
   */
  submit(texts: readonly string[], options?: EmbedOptions): Promise<Result[]>;
  /** Rejects everything that has not been answered. */
  stop(reason: Error): void;
}

interface Options<Result> {
  maxTexts: number;
  /** So many calls are under way at most; while they are, the next ones fill. */
  maxCalls: number;
  /** Left out: 0. */
  idleMs?: number;
  quietMs: number;
  /** Left out: a crowd makes no difference. */
  patienceMs?: number;
  /**
   * Returns how many requests are in progress, here or before they arrive, while more requests
   * follow; 0 if that is unknown.
   */
  pendingRequests?: () => number;
  /** Resolves when a call may take so many more texts. */
  pace: (texts: number, signal: AbortSignal) => Promise<void>;
  /** One call. The signal aborts when nobody waits for it any more. */
  send: (texts: string[], signal: AbortSignal) => Promise<Result[]>;
  /** Whether another mixture of texts might fare better. */
  isContentRefused: (error: unknown) => boolean;
}

interface Request<Result> {
  texts: readonly string[];
  results: Map<number, Result>;
  /** Texts that have been put into a call. */
  taken: number;
  /** Aborts when its caller has its answer or wants none any more. */
  settled: AbortController;
  resolve: (results: Result[]) => void;
  reject: (error: unknown) => void;
}

/** Texts of one request in one call. */
interface Part<Result> {
  request: Request<Result>;
  from: number;
  to: number;
}

/**
 * How long after a full call has ended the next texts of its documents' successors may take to
 * come.
 */
const CROWD_LASTS_MS = 500;
/** As long as a store that is filled from many sides may take for what has left before. */
const MAX_FILLING_MS = 3_000;
const LOOK_AGAIN_MS = 20;

/** Work of nobody's, such as a check of the service. */
const PROCESS = { userId: '' };

export function createBatcher<Result>(options: Options<Result>): Batcher<Result> {
  const {
    maxTexts,
    maxCalls,
    idleMs = 0,
    quietMs,
    patienceMs = 0,
    pendingRequests = () => 0,
    pace,
    send,
    isContentRefused,
  } = options;
  const queue = createFairQueue<Request<Result>>();
  const requests = new Set<Request<Result>>();
  const stopping = new AbortController();
  let queuedTexts = 0;
  let callsUnderWay = 0;
  let fullCallsUnderWay = 0;
  let crowdUntil = 0;
  /** Since when the oldest text waits. */
  let waitingSince = 0;
  let isPacing = false;
  let quiet: NodeJS.Timeout | undefined;

  /**
   * Takes texts in turn over the users, up to `limit`. A request that does not fit keeps its rest
   * in the queue.
   */
  function take(limit: number): Part<Result>[] {
    const parts: Part<Result>[] = [];
    let capacity = limit;
    while (capacity > 0) {
      const request = queue.next();
      if (!request) break;
      const from = request.taken;
      const to = Math.min(request.texts.length, from + capacity);
      parts.push({ request, from, to });
      request.taken = to;
      capacity -= to - from;
      if (to === request.texts.length) queue.delete(request);
    }
    queuedTexts -= limit - capacity;
    return parts;
  }

  const mayLeave = () => !isPacing && queuedTexts > 0 && callsUnderWay < maxCalls;

  function schedule(): void {
    clearTimeout(quiet);
    if (!mayLeave()) return;
    if (queuedTexts >= maxTexts) return void dispatch();
    if (isFilling()) quiet = setTimeout(schedule, LOOK_AGAIN_MS);
    // What comes in the same turn goes along.
    else quiet = setTimeout(() => void dispatch(), waitMs());
  }

  /**
   * Those that are not here yet bring as many texts as those that are, and those that have left
   * here are followed by others.
   */
  function isFilling(): boolean {
    if (queue.size === 0 || performance.now() - waitingSince > MAX_FILLING_MS) return false;
    const toCome = pendingRequests() - queue.size;
    return queuedTexts + toCome * (queuedTexts / queue.size) >= maxTexts;
  }

  function waitMs(): number {
    const now = performance.now();
    const isCrowd = fullCallsUnderWay > 0 || now < crowdUntil;
    if (patienceMs > 0 && isCrowd) return Math.max(waitingSince + patienceMs - now, 0);
    return callsUnderWay === 0 ? idleMs : quietMs;
  }

  async function dispatch(): Promise<void> {
    clearTimeout(quiet);
    if (!mayLeave()) return;
    isPacing = true;
    try {
      await waitForTurn();
    } catch (error) {
      for (const { request } of take(maxTexts)) settle(request, () => request.reject(error));
    } finally {
      isPacing = false;
    }
    const isFull = queuedTexts >= maxTexts;
    const parts = take(maxTexts);
    waitingSince = performance.now();
    if (parts.length > 0) void run(parts, isFull);
    schedule();
  }

  async function waitForTurn(): Promise<void> {
    let paced = 0;
    for (
      let wanted = Math.min(maxTexts, queuedTexts);
      paced < wanted;
      wanted = Math.min(maxTexts, queuedTexts)
    ) {
      await pace(wanted - paced, stopping.signal);
      paced = wanted;
    }
  }

  async function run(parts: Part<Result>[], isFull: boolean): Promise<void> {
    callsUnderWay += 1;
    if (isFull) fullCallsUnderWay += 1;
    await answer(parts);
    callsUnderWay -= 1;
    if (isFull) {
      fullCallsUnderWay -= 1;
      crowdUntil = performance.now() + CROWD_LASTS_MS;
    }
    if (callsUnderWay === 0 || queuedTexts >= maxTexts) schedule();
  }

  async function answer(parts: Part<Result>[], isAgain = false): Promise<void> {
    const wanted = parts.filter(({ request }) => !request.settled.signal.aborted);
    if (wanted.length === 0) return;
    const watch = watchAll(wanted.map(({ request }) => request.settled.signal));
    const texts = wanted.flatMap(({ request, from, to }) => request.texts.slice(from, to));
    try {
      if (isAgain) await pace(texts.length, watch.signal);
      give(wanted, await send(texts, watch.signal));
    } catch (error) {
      await refuse(wanted, error);
    } finally {
      watch.end();
    }
  }

  async function refuse(parts: Part<Result>[], error: unknown): Promise<void> {
    if (parts.length > 1 && isContentRefused(error)) {
      const middle = Math.ceil(parts.length / 2);
      for (const half of [parts.slice(0, middle), parts.slice(middle)]) await answer(half, true);
      return;
    }
    for (const { request } of parts) settle(request, () => request.reject(error));
  }

  function give(parts: Part<Result>[], results: Result[]): void {
    let next = 0;
    for (const { request, from, to } of parts) {
      for (const [offset, result] of results.slice(next, next + to - from).entries())
        request.results.set(from + offset, result);
      next += to - from;
      if (request.results.size === request.texts.length)
        settle(request, () => request.resolve(inOrder(request)));
    }
  }

  function settle(request: Request<Result>, answerCaller: () => void): void {
    if (queue.delete(request)) queuedTexts -= request.texts.length - request.taken;
    requests.delete(request);
    request.settled.abort();
    answerCaller();
  }

  return {
    submit: async (texts, { signal, owner = PROCESS } = {}) => {
      signal?.throwIfAborted();
      if (texts.length === 0) return [];
      const { promise, resolve, reject } = Promise.withResolvers<Result[]>();
      const request: Request<Result> = {
        texts,
        results: new Map(),
        taken: 0,
        settled: new AbortController(),
        resolve,
        reject,
      };
      const abort = (): void => settle(request, () => reject(signal?.reason));
      signal?.addEventListener('abort', abort, { once: true });
      requests.add(request);
      queue.add(owner, request);
      if (queuedTexts === 0) waitingSince = performance.now();
      queuedTexts += texts.length;
      schedule();
      return promise.finally(() => signal?.removeEventListener('abort', abort));
    },
    stop: (reason) => {
      clearTimeout(quiet);
      stopping.abort(reason);
      for (const request of requests) settle(request, () => request.reject(reason));
    },
  };
}

function inOrder<Result>({ texts, results }: Request<Result>): Result[] {
  return texts.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}

/** A signal that aborts when all of these have. */
function watchAll(signals: AbortSignal[]): { signal: AbortSignal; end: () => void } {
  const all = new AbortController();
  let left = signals.length;
  const count = (): void => {
    left -= 1;
    if (left === 0) all.abort(new Error('Nobody waits for this call any more.'));
  };
  for (const signal of signals) signal.addEventListener('abort', count, { once: true });
  return {
    signal: all.signal,
    end: () => {
      for (const signal of signals) signal.removeEventListener('abort', count);
    },
  };
}
