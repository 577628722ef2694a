/**
 * Fills calls with the texts of many requests, taken in turn over the users, then over their
 * documents. A small request waits for one call, however much others have submitted.
 * flush-policy.ts decides when a call leaves. A call keeps filling while it acquires its tokens, so
 * that calls are full under a rate limit.
 *
 *     submit ─▶ queued ──takeSlices──▶ in a call ──all slices returned──▶ resolved
 *                 │                     │      ▲
 *                 │       content refused      │ each half of the slices
 *                 │                     └──────┘
 *                 └── abort, stop ──▶ rejected ◀── any other failure, or refused alone
 *
 * The halving isolates the refused request: its texts do not fail those of other requests.
 */
import { createFairQueue, type Owner } from '../documents/fair-queue.js';
import type { EmbedOptions } from '../documents/ports.js';
import {
  HIGH_LOAD_COOLDOWN_MS,
  nextFlush,
  type Flush,
  type FlushLimits,
  type FlushState,
} from './flush-policy.js';
import { systemClock, type Clock } from '../runtime/clock.js';
import type { AcquireTokens } from './rate-limit.js';

export interface Batcher<Result> {
  /**
   * Returns one result for each text, in order. If the signal aborts, rejects with its reason and
   * drops the texts that have not left.
   */
  submit(texts: readonly string[], options?: EmbedOptions): Promise<Result[]>;
  /** Rejects all requests that have no result. */
  stop(reason: Error): void;
}

interface Options<Result> extends Omit<FlushLimits, 'idleLingerMs' | 'maxLingerMs'> {
  /** Default: 0. */
  idleLingerMs?: number;
  /** Default: 0. */
  maxLingerMs?: number;
  /**
   * Returns how many requests are in progress, here or before they arrive, while more requests
   * follow; 0 if that is unknown.
   */
  pendingRequests?: () => number;
  acquireTokens: AcquireTokens;
  /** Makes one call. The signal aborts when no request waits for it any more. */
  send: (texts: string[], signal: AbortSignal) => Promise<Result[]>;
  /** Returns whether a call with other texts may succeed. */
  isContentRefused: (error: unknown) => boolean;
  clock?: Clock;
}

interface Request<Result> {
  texts: readonly string[];
  results: Map<number, Result>;
  /** How many of the texts have been put into a call. */
  taken: number;
  /** Aborts when the caller has the results, or does not want them any more. */
  finished: AbortController;
  resolve: (results: Result[]) => void;
  reject: (error: unknown) => void;
}

/** The texts of one request in one call. */
interface Slice<Result> {
  request: Request<Result>;
  from: number;
  to: number;
}

/** The owner of work that belongs to no user, such as a check of the service. */
const PROCESS: Owner = { userId: '' };

export function createBatcher<Result>(options: Options<Result>): Batcher<Result> {
  const queue = createSliceQueue<Result>();
  const requests = new Set<Request<Result>>();
  const stopping = new AbortController();
  const sender = createSender<Result>({
    ...options,
    queue,
    signal: stopping.signal,
    callWith: createBisectingCall<Result>({ ...options, finish }),
    finish,
  });

  function finish(request: Request<Result>, notifyCaller: () => void): void {
    queue.delete(request);
    requests.delete(request);
    request.finished.abort();
    notifyCaller();
  }

  return {
    submit: async (texts, { signal, owner = PROCESS } = {}) => {
      signal?.throwIfAborted();
      if (texts.length === 0) return [];
      const { promise, request } = createRequest<Result>(texts);
      const onAbort = (): void => finish(request, () => request.reject(signal?.reason));
      signal?.addEventListener('abort', onAbort, { once: true });
      requests.add(request);
      sender.enqueue(owner, request);
      return promise.finally(() => signal?.removeEventListener('abort', onAbort));
    },
    stop: (reason) => {
      sender.stop();
      stopping.abort(reason);
      for (const request of requests) finish(request, () => request.reject(reason));
    },
  };
}

interface SenderDependencies<Result> extends Options<Result> {
  queue: SliceQueue<Result>;
  signal: AbortSignal;
  callWith: (slices: Slice<Result>[]) => Promise<void>;
  finish: (request: Request<Result>, notifyCaller: () => void) => void;
}

interface Sender<Result> {
  enqueue(owner: Owner, request: Request<Result>): void;
  stop(): void;
}

/** Turns the queued texts into calls when nextFlush says so. */
function createSender<Result>(dependencies: SenderDependencies<Result>): Sender<Result> {
  const { queue, maxTexts, callWith, finish, pendingRequests = () => 0 } = dependencies;
  const { clock = systemClock } = dependencies;
  const limits = toLimits(dependencies);
  const load = createLoad();
  let cancelTimer = (): void => undefined;

  function next(): Flush {
    const queued = { queuedTexts: queue.texts(), queuedRequests: queue.requests() };
    const state = { ...load, ...queued, limits, pendingRequests: pendingRequests() };
    return nextFlush(state, clock.now());
  }

  function schedule(): void {
    cancelTimer();
    const flushing = next();
    if (flushing.action === 'flush') void flush();
    // Texts that are submitted in the same turn of the event loop join the call.
    else if (flushing.action === 'flush later')
      cancelTimer = clock.after(flushing.delayMs, () => void flush());
    else if (flushing.action === 'recheck') cancelTimer = clock.after(flushing.delayMs, schedule);
  }

  async function flush(): Promise<void> {
    cancelTimer();
    if (next().action === 'none') return;
    load.isAcquiring = true;
    try {
      await acquireForQueue(dependencies);
    } catch (error) {
      for (const { request } of queue.takeSlices(maxTexts))
        finish(request, () => request.reject(error));
    } finally {
      load.isAcquiring = false;
    }
    const isFull = queue.texts() >= maxTexts;
    const slices = queue.takeSlices(maxTexts);
    load.waitingSince = clock.now();
    if (slices.length > 0) void sendCall(slices, isFull);
    schedule();
  }

  async function sendCall(slices: Slice<Result>[], isFull: boolean): Promise<void> {
    load.callsInFlight += 1;
    if (isFull) load.fullCallsInFlight += 1;
    await callWith(slices);
    load.callsInFlight -= 1;
    if (isFull) {
      load.fullCallsInFlight -= 1;
      load.highLoadUntil = clock.now() + HIGH_LOAD_COOLDOWN_MS;
    }
    if (load.callsInFlight === 0 || queue.texts() >= maxTexts) schedule();
  }

  return {
    enqueue: (owner, request) => {
      if (queue.texts() === 0) load.waitingSince = clock.now();
      queue.add(owner, request);
      schedule();
    },
    stop: () => cancelTimer(),
  };
}

type Load = Omit<FlushState, 'limits' | 'queuedTexts' | 'queuedRequests' | 'pendingRequests'>;

function createLoad(): Load {
  return {
    callsInFlight: 0,
    fullCallsInFlight: 0,
    isAcquiring: false,
    waitingSince: 0,
    highLoadUntil: 0,
  };
}

/** Acquires tokens for the next call, also for texts that arrive in the meantime. */
async function acquireForQueue<Result>({
  queue,
  maxTexts,
  acquireTokens,
  signal,
}: SenderDependencies<Result>): Promise<void> {
  let acquired = 0;
  for (
    let needed = Math.min(maxTexts, queue.texts());
    acquired < needed;
    needed = Math.min(maxTexts, queue.texts())
  ) {
    await acquireTokens(needed - acquired, signal);
    acquired = needed;
  }
}

function toLimits<Result>(options: Options<Result>): FlushLimits {
  const { maxTexts, maxCalls, lingerMs, idleLingerMs = 0, maxLingerMs = 0 } = options;
  return { maxTexts, maxCalls, lingerMs, idleLingerMs, maxLingerMs };
}

function createRequest<Result>(texts: readonly string[]): {
  promise: Promise<Result[]>;
  request: Request<Result>;
} {
  const { promise, resolve, reject } = Promise.withResolvers<Result[]>();
  const finished = new AbortController();
  return { promise, request: { texts, results: new Map(), taken: 0, finished, resolve, reject } };
}

interface SliceQueue<Result> {
  add(owner: Owner, request: Request<Result>): void;
  /** No-op if the request is not queued. */
  delete(request: Request<Result>): void;
  /**
   * Takes up to `limit` texts, in turn over the users. The rest of a request that does not fit
   * stays queued.
   */
  takeSlices(limit: number): Slice<Result>[];
  texts(): number;
  requests(): number;
}

function createSliceQueue<Result>(): SliceQueue<Result> {
  const queue = createFairQueue<Request<Result>>();
  let queuedTexts = 0;

  return {
    add: (owner, request) => {
      queue.add(owner, request);
      queuedTexts += request.texts.length;
    },
    delete: (request) => {
      if (queue.delete(request)) queuedTexts -= request.texts.length - request.taken;
    },
    takeSlices: (limit) => {
      const slices: Slice<Result>[] = [];
      let remaining = limit;
      while (remaining > 0) {
        const request = queue.next();
        if (!request) break;
        const from = request.taken;
        const to = Math.min(request.texts.length, from + remaining);
        slices.push({ request, from, to });
        request.taken = to;
        remaining -= to - from;
        if (to === request.texts.length) queue.delete(request);
      }
      queuedTexts -= limit - remaining;
      return slices;
    },
    texts: () => queuedTexts,
    requests: () => queue.size,
  };
}

interface CallDependencies<Result> extends Pick<
  Options<Result>,
  'send' | 'acquireTokens' | 'isContentRefused'
> {
  finish: (request: Request<Result>, notifyCaller: () => void) => void;
}

/** Returns a function that finishes the requests of the slices it is called with. Never rejects. */
function createBisectingCall<Result>({
  send,
  acquireTokens,
  isContentRefused,
  finish,
}: CallDependencies<Result>): (slices: Slice<Result>[]) => Promise<void> {
  async function callWith(slices: Slice<Result>[], isRepeated = false): Promise<void> {
    const wanted = slices.filter(({ request }) => !request.finished.signal.aborted);
    if (wanted.length === 0) return;
    const watch = abortWhenAll(wanted.map(({ request }) => request.finished.signal));
    const texts = wanted.flatMap(({ request, from, to }) => request.texts.slice(from, to));
    try {
      if (isRepeated) await acquireTokens(texts.length, watch.signal);
      resolveSlices(wanted, await send(texts, watch.signal));
    } catch (error) {
      await bisectOrReject(wanted, error);
    } finally {
      watch.end();
    }
  }

  async function bisectOrReject(slices: Slice<Result>[], error: unknown): Promise<void> {
    if (slices.length > 1 && isContentRefused(error)) {
      const middle = Math.ceil(slices.length / 2);
      await callWith(slices.slice(0, middle), true);
      await callWith(slices.slice(middle), true);
      return;
    }
    for (const { request } of slices) finish(request, () => request.reject(error));
  }

  function resolveSlices(slices: Slice<Result>[], results: Result[]): void {
    let next = 0;
    for (const { request, from, to } of slices) {
      for (const [offset, result] of results.slice(next, next + to - from).entries())
        request.results.set(from + offset, result);
      next += to - from;
      if (request.results.size === request.texts.length)
        finish(request, () => request.resolve(inOrder(request)));
    }
  }

  return (slices) => callWith(slices);
}

function inOrder<Result>({ texts, results }: Request<Result>): Result[] {
  return texts.flatMap((_, index) => {
    const result = results.get(index);
    return result === undefined ? [] : [result];
  });
}

/** Returns a signal that aborts when all of `signals` have. `end` removes the listeners. */
function abortWhenAll(signals: AbortSignal[]): { signal: AbortSignal; end: () => void } {
  const all = new AbortController();
  let remaining = signals.length;
  const onAbort = (): void => {
    remaining -= 1;
    if (remaining === 0) all.abort(new Error('No request waits for this call any more.'));
  };
  for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: all.signal,
    end: () => {
      for (const signal of signals) signal.removeEventListener('abort', onAbort);
    },
  };
}
