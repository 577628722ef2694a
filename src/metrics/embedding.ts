import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Embedder } from '../documents/ports.js';
import { CALL_BUCKETS, WAIT_BUCKETS } from './timed.js';

/** What is told of one call to whoever embeds. */
interface Call {
  texts: number;
  durationMs: number;
  /** Repeated: it failed and is made again. */
  outcome: 'answered' | 'repeated' | 'failed';
}

interface Bucket {
  take(count: number, signal: AbortSignal): Promise<void>;
}

export interface EmbeddingMetrics {
  onCall(call: Call): void;
  /** Texts of documents whose turn has come, after so long. */
  onRateLimited(texts: number, waitedMs: number): void;
  /** The same bucket; how many texts wait for it is known. */
  measureBucket<Kind extends Bucket>(bucket: Kind): Kind;
  /** For an embedder that answers itself: each request of it is a call. */
  measureEmbedder(embedder: Embedder): Embedder;
}

const OUTCOMES = ['answered', 'repeated', 'failed'] as const;

export function createEmbeddingMetrics(registry: Registry): EmbeddingMetrics {
  const { calls, texts, duration, bucketWait, waitingTexts } = createMeters(registry);
  for (const outcome of OUTCOMES) calls.inc({ outcome }, 0);

  function onCall(call: Call): void {
    calls.inc({ outcome: call.outcome });
    duration.observe({ outcome: call.outcome }, call.durationMs / 1_000);
    if (call.outcome === 'answered') texts.inc(call.texts);
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
    measureEmbedder: (embedder) => ({
      ...embedder,
      embed: async (wanted, purpose, options) => {
        const startedAt = performance.now();
        const report = (outcome: Call['outcome']) =>
          onCall({ texts: wanted.length, durationMs: performance.now() - startedAt, outcome });
        try {
          const vectors = await embedder.embed(wanted, purpose, options);
          report('answered');
          return vectors;
        } catch (error) {
          if (!options?.signal?.aborted) report('failed');
          throw error;
        }
      },
    }),
  };
}

function createMeters(registry: Registry) {
  const registers = [registry];
  const labelNames = ['outcome'] as const;
  return {
    calls: new Counter({
      name: 'docstream_embedding_calls_total',
      help: 'Calls to whoever embeds, by how they ended.',
      labelNames,
      registers,
    }),
    texts: new Counter({
      name: 'docstream_embedding_texts_total',
      help: 'Texts that were embedded.',
      registers,
    }),
    duration: new Histogram({
      name: 'docstream_embedding_call_duration_seconds',
      labelNames,
      buckets: CALL_BUCKETS,
      registers,
      help: 'How long a call took, without waiting for the bucket.',
    }),
    bucketWait: new Histogram({
      name: 'docstream_embedding_wait_seconds',
      buckets: WAIT_BUCKETS,
      registers,
      help: 'How long texts of documents waited for their turn under the rate limit.',
    }),
    waitingTexts: new Gauge({
      name: 'docstream_embedding_waiting_texts',
      registers,
      help: 'Texts whose turn under the rate limit has not come yet.',
    }),
  };
}
