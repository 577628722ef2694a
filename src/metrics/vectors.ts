import type { Registry } from 'prom-client';
import type { VectorStore } from '../documents/ports.js';
import { createTimed } from './timed.js';

/** The same store; how long each kind of call takes is written down. */
export function measureVectors(registry: Registry, vectors: VectorStore): VectorStore {
  const timed = createTimed(registry, {
    name: 'docstream_vector_store_duration_seconds',
    labelNames: ['operation'] as const,
    help: 'How long the vector store took to answer.',
  });
  return {
    ...vectors,
    store: (...wanted) => timed({ operation: 'store' }, () => vectors.store(...wanted)),
    count: (...wanted) => timed({ operation: 'count' }, () => vectors.count(...wanted)),
    trim: (...wanted) => timed({ operation: 'trim' }, () => vectors.trim(...wanted)),
    remove: (...wanted) => timed({ operation: 'remove' }, () => vectors.remove(...wanted)),
    search: (...wanted) => timed({ operation: 'search' }, () => vectors.search(...wanted)),
  };
}
