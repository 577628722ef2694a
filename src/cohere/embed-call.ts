/** A call to Cohere's embed. It is repeated after transient errors, and its response is checked. */
import type { CohereClientV2 } from 'cohere-ai';
import { setTimeout as sleep } from 'node:timers/promises';
import { invalidResponse, toFailure, type CallFailure } from './failures.js';
import { callWithin } from './limited-call.js';
import type { AcquireTokens } from './rate-limit.js';
import type { RetryAfterGate } from './retry-after-gate.js';

export type Purpose = 'document' | 'query';

export interface EmbedCall {
  /**
   * Returns one vector of length 1 for each text. Rejects with the signal's reason or a
   * CallFailure.
   */
  (texts: string[], purpose: Purpose, signal: AbortSignal): Promise<Float32Array[]>;
}

export interface CallReport {
  texts: number;
  durationMs: number;
  outcome: 'answered' | 'repeated' | 'failed';
}

interface Options {
  client: CohereClientV2;
  model: string;
  dimensions: number;
  timeoutMs: number;
  gate: RetryAfterGate;
  /** For repeated calls: their texts count again. */
  acquireTokens: AcquireTokens;
  onCall?: (report: CallReport) => void;
}

/** Fewer for a query: a person waits for it. */
const MAX_CALL_ATTEMPTS: Record<Purpose, number> = { document: 4, query: 2 };
const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 8_000;

export function createEmbedCall(options: Options): EmbedCall {
  const { dimensions, gate, acquireTokens, onCall } = options;

  return async (texts, purpose, signal) => {
    for (let callAttempt = 1; ; callAttempt += 1) {
      await gate.pass(purpose, signal);
      const startedAt = performance.now();
      const report = (outcome: CallReport['outcome']) =>
        onCall?.({ texts: texts.length, durationMs: performance.now() - startedAt, outcome });
      try {
        const vectors = toVectors(
          await callOnce(options, texts, purpose, signal),
          texts.length,
          dimensions,
        );
        report('answered');
        return vectors;
      } catch (error) {
        signal.throwIfAborted();
        const failure = toFailure(error);
        const isLast = !failure.decision.isTransient || callAttempt >= MAX_CALL_ATTEMPTS[purpose];
        report(isLast ? 'failed' : 'repeated');
        if (failure.decision.retryAfterMs !== null) gate.closeFor(failure.decision.retryAfterMs);
        if (isLast) throw failure;
        await backOff(callAttempt, failure, signal);
        if (purpose === 'document') await acquireTokens(texts.length, signal);
      }
    }
  };
}

function callOnce(
  { client, model, dimensions, timeoutMs }: Options,
  texts: string[],
  purpose: Purpose,
  signal: AbortSignal,
): Promise<unknown> {
  const request = {
    model,
    texts,
    embeddingTypes: ['float' as const],
    truncate: 'END' as const,
    inputType: purpose === 'query' ? ('search_query' as const) : ('search_document' as const),
    ...(hasChoiceOfDimensions(model) && { outputDimension: dimensions }),
  };
  return callWithin({ timeoutMs, signal }, (callOptions) => client.embed(request, callOptions));
}

/** Returns true for embed-v4.0 and newer. Older models, such as embed-english-v3.0, reject it. */
function hasChoiceOfDimensions(model: string): boolean {
  return /^embed-v\d/.test(model);
}

/**
 * Waits with full jitter, so that workers that failed together do not retry together. After a
 * Retry-After the gate does most of the waiting.
 */
async function backOff(
  callAttempt: number,
  { decision }: CallFailure,
  signal: AbortSignal,
): Promise<void> {
  const maxMs =
    decision.retryAfterMs === null
      ? Math.min(BACKOFF_MS * 2 ** callAttempt, MAX_BACKOFF_MS)
      : BACKOFF_MS;
  await sleep(Math.random() * maxMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}

function toVectors(response: unknown, count: number, dimensions: number): Float32Array[] {
  const { embeddings } = (response ?? {}) as { embeddings?: { float?: unknown } };
  const rows = embeddings?.float;
  if (!Array.isArray(rows)) throw invalidResponse('it has no vectors');
  if (rows.length !== count)
    throw invalidResponse(`it has ${rows.length} vectors for ${count} texts`);
  return rows.map((row: unknown) => toUnitVector(row, dimensions));
}

function toUnitVector(row: unknown, dimensions: number): Float32Array {
  if (!Array.isArray(row)) throw invalidResponse('a vector is missing');
  if (row.length !== dimensions)
    throw invalidResponse(`a vector has ${row.length} dimensions instead of ${dimensions}`);
  const vector = Float32Array.from(row, (value: unknown) =>
    typeof value === 'number' ? value : NaN,
  );
  const length = Math.hypot(...vector);
  if (!Number.isFinite(length) || length === 0) throw invalidResponse('a vector has no direction');
  return vector.map((value) => value / length);
}
