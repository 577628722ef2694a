/**
 * One call to Cohere's embed: repeated while that may help, within its limits, and checked before
 * anybody uses it.
 */
import type { CohereClientV2 } from 'cohere-ai';
import { setTimeout as sleep } from 'node:timers/promises';
import { badAnswer, toFailure, type CallFailure } from './failures.js';
import type { Gate } from './retry-after-gate.js';
import { withTimeout } from './timeout.js';

export type Purpose = 'document' | 'query';

export interface EmbedCall {
  /**
   * One vector a text, each of length 1. Rejects with the signal's reason, or with a CallFailure.
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
  gate: Gate;
  /** Before a call is repeated: its texts count again. */
  pace: (texts: number, signal: AbortSignal) => Promise<void>;
  onCall?: (report: CallReport) => void;
}

/** A person waits for a question; a document can wait. */
const TRIES: Record<Purpose, number> = { document: 4, query: 2 };
const BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 8_000;

export function createEmbedCall(options: Options): EmbedCall {
  const { dimensions, gate, pace, onCall } = options;

  return async (texts, purpose, signal) => {
    for (let tryNumber = 1; ; tryNumber += 1) {
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
        const isLast = !failure.decision.isTransient || tryNumber >= TRIES[purpose];
        report(isLast ? 'failed' : 'repeated');
        if (failure.decision.retryAfterMs !== null) gate.closeFor(failure.decision.retryAfterMs);
        if (isLast) throw failure;
        await backOff(tryNumber, failure, signal);
        if (purpose === 'document') await pace(texts.length, signal);
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
  return withTimeout({ timeoutMs, signal }, (options) => client.embed(request, options));
}

/** embed-v4.0 and newer; the older ones, such as embed-english-v3.0, refuse to be asked. */
function hasChoiceOfDimensions(model: string): boolean {
  return /^embed-v\d/.test(model);
}

/**
 * Full jitter: many workers that failed at once don't come back at once. With a Retry-After the
 * gate does the waiting.
 */
async function backOff(
  tryNumber: number,
  { decision }: CallFailure,
  signal: AbortSignal,
): Promise<void> {
  const upTo =
    decision.retryAfterMs === null
      ? Math.min(BACKOFF_MS * 2 ** tryNumber, MAX_BACKOFF_MS)
      : BACKOFF_MS;
  await sleep(Math.random() * upTo, undefined, { signal }).catch(() => signal.throwIfAborted());
}

function toVectors(answer: unknown, count: number, dimensions: number): Float32Array[] {
  const { embeddings } = (answer ?? {}) as { embeddings?: { float?: unknown } };
  const rows = embeddings?.float;
  if (!Array.isArray(rows)) throw badAnswer('it holds no vectors');
  if (rows.length !== count) throw badAnswer(`${rows.length} vectors for ${count} texts`);
  return rows.map((row: unknown) => toUnitVector(row, dimensions));
}

function toUnitVector(row: unknown, dimensions: number): Float32Array {
  if (!Array.isArray(row)) throw badAnswer('a vector is missing');
  if (row.length !== dimensions)
    throw badAnswer(`a vector of ${row.length} dimensions instead of ${dimensions}`);
  const vector = Float32Array.from(row, (value: unknown) =>
    typeof value === 'number' ? value : NaN,
  );
  const length = Math.hypot(...vector);
  if (!Number.isFinite(length) || length === 0) throw badAnswer('a vector without direction');
  return vector.map((value) => value / length);
}
