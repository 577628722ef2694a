import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Embedder } from '../documents/ports.js';
import { CALL_BUCKETS, WAIT_BUCKETS } from './timed.js';

/** The end of one call attempt to the embedding service or the local embedder. */
interface Call {
  texts: number;
  durationMs: number;
  /** `repeated`: the attempt failed and the call is retried. */
  outcome: 'answered' | 'repeated' | 'failed';
}

interface Bucket {
  take(count: number, signal: AbortSignal): Promise<void>;
}

export interface EmbeddingMetrics {
  onCall(call: Call): void;
  /** Called when the rate limit admits texts of documents, with the time that they waited. */
  onRateLimited(texts: number, waitedMs: number): void;
  /** Wraps a token bucket to count the texts that wait for it. */
  measureBucket<Kind extends Bucket>(bucket: Kind): Kind;
  /** Wraps an embedder that reports no calls itself: each of its requests counts as a call. */
  measureEmbedder(embedder: Embedder): Embedder;
}

const OUTCOMES = ['answered', 'repeated', 'failed'] as const;

export function createEmbeddingMetrics(registry: Registry): EmbeddingMetrics {
  const { calls, embeddedTexts, duration, bucketWait, waitingTexts } = createMeters(registry);
  for (const outcome of OUTCOMES) calls.inc({ outcome }, 0);

  function onCall({ texts, durationMs, outcome }: Call): void {
    calls.inc({ outcome });
    duration.observe({ outcome }, durationMs / 1_000);
    if (outcome === 'answered') embeddedTexts.inc(texts);
  }

  return {
    onCall,
    onRateLimited: (_texts, waitedMs) => bucketWait.observe(waitedMs / 1_000),
    measureBucket: (bucket) => ({
      ...bucket,
      take: (count, signal) => {
        waitingTexts.inc(count);
        return bucket.take(count, signal).finally(() => waitingTexts.dec(count));
      },
    }),
    measureEmbedder: (embedder) => measureEmbedder(embedder, onCall),
  };
}

function measureEmbedder(embedder: Embedder, onCall: EmbeddingMetrics['onCall']): Embedder {
  return {
    ...embedder,
    embed: async (texts, purpose, options) => {
      const startedAt = performance.now();
      function report(outcome: Call['outcome']): void {
        onCall({ texts: texts.length, durationMs: performance.now() - startedAt, outcome });
      }
      try {
        const vectors = await embedder.embed(texts, purpose, options);
        report('answered');
        return vectors;
      } catch (error) {
        if (!options?.signal?.aborted) report('failed');
        throw error;
      }
    },
  };
}

function createMeters(registry: Registry) {
  const registers = [registry];
  const labelNames = ['outcome'] as const;
  return {
    calls: new Counter({
      name: 'docstream_embedding_calls_total',
      help: 'Call attempts to the embedder, by outcome. A repeated attempt failed and is retried.',
      labelNames,
      registers,
    }),
    embeddedTexts: new Counter({
      name: 'docstream_embedding_texts_total',
      help: 'Texts that were embedded.',
      registers,
    }),
    duration: new Histogram({
      name: 'docstream_embedding_call_duration_seconds',
      labelNames,
      buckets: CALL_BUCKETS,
      registers,
      help: 'Duration of a call attempt to the embedder, in seconds, without the wait for the rate limit.',
    }),
    bucketWait: new Histogram({
      name: 'docstream_embedding_wait_seconds',
      buckets: WAIT_BUCKETS,
      registers,
      help: 'Time for which texts of documents waited for the rate limit, in seconds.',
    }),
    waitingTexts: new Gauge({
      name: 'docstream_embedding_waiting_texts',
      registers,
      help: 'Texts that wait for the rate limit.',
    }),
  };
}
