import type { Registry } from 'prom-client';
import type { VectorStore } from '../documents/ports.js';
import { createTimed } from './timed.js';

/** Wraps a vector store to measure the duration of its calls. */
export function measureVectors(registry: Registry, vectors: VectorStore): VectorStore {
  const timed = createTimed(registry, {
    name: 'docstream_vector_store_duration_seconds',
    labelNames: ['operation'] as const,
    help: 'Duration of a call to the vector store, in seconds, by operation and outcome.',
  });
  return {
    ...vectors,
    store: (...args) => timed({ operation: 'store' }, () => vectors.store(...args)),
    count: (...args) => timed({ operation: 'count' }, () => vectors.count(...args)),
    trim: (...args) => timed({ operation: 'trim' }, () => vectors.trim(...args)),
    remove: (...args) => timed({ operation: 'remove' }, () => vectors.remove(...args)),
    search: (...args) => timed({ operation: 'search' }, () => vectors.search(...args)),
  };
}
