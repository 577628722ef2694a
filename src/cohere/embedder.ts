import type { Demand, EmbedOptions, Embedder } from '../documents/ports.js';
import { ApiError, ProcessingFailure } from '../errors.js';
import { createBatcher, type Batcher } from './batcher.js';
import { createCohereClient } from './client.js';
import { createEmbedCall, type CallReport, type Purpose } from './embed-call.js';
import { isContentRefused } from './failures.js';
import {
  createChargeOnly,
  createRateLimit,
  type AcquireTokens,
  type TextBucket,
} from './rate-limit.js';
import { createRetryAfterGate } from './retry-after-gate.js';

interface Options {
  apiKey: string;
  /** Default: the address of Cohere. */
  baseUrl?: string | null;
  model?: string;
  dimensions: number;
  bucket: TextBucket;
  /** With it, calls wait for the texts of pending documents that can fill them. */
  demand?: Demand;
  /** Limit of one call; shorter than a lease. */
  timeoutMs?: number;
  /** For metrics: reports every call, and how long it waited for the bucket. */
  onCall?: (report: CallReport) => void;
  onRateLimited?: (texts: number, waitedMs: number) => void;
  /** How long a call that is not full waits for more texts. Default: 10 ms. */
  lingerMs?: number;
}

export interface CohereEmbedder extends Embedder {
  /** Throws DEPENDENCY_UNAVAILABLE. It costs one text, so the outcome is reused for a while. */
  check(): Promise<void>;
}

/** Cohere's limit. */
const MAX_TEXTS = 96;
const MAX_CALLS = 8;
const LINGER_MS = 10;
/** How long a text waits for others under high load. */
const MAX_LINGER_MS = 800;
const TIMEOUT_MS = 20_000;
const CHECK_TIMEOUT_MS = 5_000;
/** How long the outcome of a check is reused. */
const CHECK_REUSED_MS = { good: 300_000, bad: 5_000 };
/** Replaces texts without a visible character, which Cohere rejects. */
const BLANK = '-';

export async function createCohereEmbedder(options: Options): Promise<CohereEmbedder> {
  const { model = 'embed-v4.0', dimensions } = options;
  const batchers = createBatchers(options, model);
  let isStopped = false;

  async function embed(
    texts: readonly string[],
    purpose: Purpose,
    embedOptions?: EmbedOptions,
  ): Promise<Float32Array[]> {
    if (isStopped) throw embedderStopped();
    return batchers[purpose].submit(texts.map(sanitiseText), embedOptions);
  }

  return {
    model,
    dimensions,
    maxTexts: MAX_TEXTS,
    embed,
    check: createCheck((signal) => embed(['docstream'], 'query', { signal })),
    stop: async () => {
      isStopped = true;
      for (const batcher of Object.values(batchers)) batcher.stop(embedderStopped());
    },
  };
}

/** Documents and queries never share a call: Cohere embeds them differently. */
function createBatchers(options: Options, model: string): Record<Purpose, Batcher<Float32Array>> {
  const { dimensions, timeoutMs = TIMEOUT_MS, lingerMs = LINGER_MS } = options;
  const acquireTokens = createRateLimit(options);
  const call = createEmbedCall({
    client: createCohereClient(options),
    model,
    dimensions,
    timeoutMs,
    gate: createRetryAfterGate(),
    acquireTokens,
    ...(options.onCall && { onCall: options.onCall }),
  });

  function batcherFor(purpose: Purpose, more: BatcherOptions): Batcher<Float32Array> {
    return createBatcher<Float32Array>({
      maxTexts: MAX_TEXTS,
      maxCalls: MAX_CALLS,
      lingerMs,
      ...more,
      isContentRefused,
      send: (texts, signal) => call(texts, purpose, signal),
    });
  }

  return {
    document: batcherFor('document', {
      acquireTokens,
      idleLingerMs: lingerMs,
      maxLingerMs: MAX_LINGER_MS,
      pendingRequests: () => options.demand?.pendingDocuments() ?? 0,
    }),
    query: batcherFor('query', { acquireTokens: createChargeOnly(options) }),
  };
}

interface BatcherOptions {
  acquireTokens: AcquireTokens;
  idleLingerMs?: number;
  maxLingerMs?: number;
  pendingRequests?: () => number;
}

function createCheck(probe: (signal: AbortSignal) => Promise<unknown>): () => Promise<void> {
  let last: Promise<ApiError | null> | undefined;
  let reusedUntil = 0;

  async function runProbe(): Promise<ApiError | null> {
    reusedUntil = Number.POSITIVE_INFINITY;
    const problem = await probe(AbortSignal.timeout(CHECK_TIMEOUT_MS)).then(() => null, toProblem);
    reusedUntil = performance.now() + CHECK_REUSED_MS[problem ? 'bad' : 'good'];
    return problem;
  }

  return async () => {
    if (!last || performance.now() > reusedUntil) last = runProbe();
    const problem = await last;
    if (problem) throw problem;
  };
}

function toProblem(error: unknown): ApiError {
  const message = error instanceof ProcessingFailure ? error.message : 'Cohere does not respond.';
  return new ApiError('DEPENDENCY_UNAVAILABLE', message, {}, { cause: error });
}

function sanitiseText(text: string): string {
  return /\S/.test(text) ? text.toWellFormed() : BLANK;
}

function embedderStopped(): ProcessingFailure {
  return new ProcessingFailure('EMBEDDER_UNAVAILABLE', 'The embedder was stopped.');
}
