import type { Demand, EmbedOptions, Embedder } from '../documents/ports.js';
import { ApiError, ProcessingFailure } from '../errors.js';
import { createBatcher } from './batcher.js';
import { createCohereClient } from './client.js';
import { createEmbedCall, type CallReport, type Purpose } from './embed-call.js';
import { isContentRefused } from './failures.js';
import { createGate } from './retry-after-gate.js';

/** Texts of all processes together are let through at the pace that Cohere allows. */
export interface TextBucket {
  take(count: number, signal: AbortSignal): Promise<void>;
}

interface Options {
  apiKey: string;
  /** Left out: Cohere's own. */
  baseUrl?: string | null;
  model?: string;
  dimensions: number;
  bucket: TextBucket;
  /** With it, calls wait for the texts of documents that are pending. */
  demand?: Demand;
  /** Of one call; shorter than a lease. */
  timeoutMs?: number;
  /** For metrics: every call, and how long each waited for the bucket. */
  onCall?: (report: CallReport) => void;
  onRateLimited?: (texts: number, waitedMs: number) => void;
  /** A call that is not full leaves when nothing more has come for so long; left out: 10 ms. */
  quietMs?: number;
}

export interface CohereEmbedder extends Embedder {
  /** Throws DEPENDENCY_UNAVAILABLE. It spends one text, so what it found holds for a while. */
  check(): Promise<void>;
}

/** Cohere's limit. */
const MAX_TEXTS = 96;
const MAX_CALLS = 8;
const QUIET_MS = 10;
/** In a crowd a text waits so long for others; nobody else's does. */
const PATIENCE_MS = 800;
const TIMEOUT_MS = 20_000;
const CHECK_TIMEOUT_MS = 5_000;
const CHECK_HOLDS_MS = { good: 300_000, bad: 5_000 };
/** Cohere refuses texts without a visible character. */
const BLANK = '-';

export async function createCohereEmbedder(options: Options): Promise<CohereEmbedder> {
  const { model = 'embed-v4.0', dimensions, timeoutMs = TIMEOUT_MS, quietMs = QUIET_MS } = options;
  const client = createCohereClient(options);
  const pace = createPace(options);
  const call = createEmbedCall({
    client,
    model,
    dimensions,
    timeoutMs,
    gate: createGate(),
    pace,
    ...(options.onCall && { onCall: options.onCall }),
  });
  const batcherFor = (
    purpose: Purpose,
    mayLeave: Pace,
    waits: { idleMs: number; patienceMs: number; pendingRequests?: () => number },
  ) =>
    createBatcher<Float32Array>({
      maxTexts: MAX_TEXTS,
      maxCalls: MAX_CALLS,
      quietMs,
      ...waits,
      pace: mayLeave,
      isContentRefused,
      send: (texts, signal) => call(texts, purpose, signal),
    });
  const batchers = {
    document: batcherFor('document', pace, {
      idleMs: quietMs,
      patienceMs: PATIENCE_MS,
      pendingRequests: () => options.demand?.pendingDocuments() ?? 0,
    }),
    query: batcherFor('query', chargeOnly(options), { idleMs: 0, patienceMs: 0 }),
  };
  let stopped = false;

  async function embed(
    texts: readonly string[],
    purpose: Purpose,
    options?: EmbedOptions,
  ): Promise<Float32Array[]> {
    if (stopped) throw embedderStopped();
    return batchers[purpose].submit(texts.map(toAcceptable), options);
  }

  return {
    model,
    dimensions,
    maxTexts: MAX_TEXTS,
    embed,
    check: createCheck((signal) => embed(['docstream'], 'query', { signal })),
    stop: async () => {
      stopped = true;
      for (const batcher of Object.values(batchers)) batcher.stop(embedderStopped());
    },
  };
}

type Pace = (texts: number, signal: AbortSignal) => Promise<void>;

function createPace({ bucket, onRateLimited }: Options): Pace {
  return async (texts, signal) => {
    const startedAt = performance.now();
    await bucket.take(texts, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new ProcessingFailure(
        'EMBEDDER_UNAVAILABLE',
        'There is no turn for this text just now.',
        { cause: error },
      );
    });
    onRateLimited?.(texts, performance.now() - startedAt);
  };
}

/** A person waits for a question: it is counted, and the documents behind it wait in its place. */
function chargeOnly({ bucket }: Options): Pace {
  return async (texts, signal) => {
    bucket.take(texts, signal).catch(() => undefined);
  };
}

function createCheck(probe: (signal: AbortSignal) => Promise<unknown>): () => Promise<void> {
  let last: Promise<ApiError | null> | undefined;
  let holdsUntil = 0;

  async function ask(): Promise<ApiError | null> {
    holdsUntil = Number.POSITIVE_INFINITY;
    const problem = await probe(AbortSignal.timeout(CHECK_TIMEOUT_MS)).then(() => null, toProblem);
    holdsUntil = performance.now() + CHECK_HOLDS_MS[problem ? 'bad' : 'good'];
    return problem;
  }

  return async () => {
    if (!last || performance.now() > holdsUntil) last = ask();
    const problem = await last;
    if (problem) throw problem;
  };
}

function toProblem(error: unknown): ApiError {
  const message = error instanceof ProcessingFailure ? error.message : 'Cohere does not answer.';
  return new ApiError('DEPENDENCY_UNAVAILABLE', message, {}, { cause: error });
}

function toAcceptable(text: string): string {
  return /\S/.test(text) ? text.toWellFormed() : BLANK;
}

function embedderStopped(): ProcessingFailure {
  return new ProcessingFailure('EMBEDDER_UNAVAILABLE', 'The embedder was stopped.');
}
