import type { Demand } from './ports.js';

/**
 * The demand of a worker that starts later. The embedder is created before the worker, and takes
 * this object.
 */
export interface DeferredDemand extends Demand {
  /** Forwards to `worker` from now on; before that the demand is 0. */
  connect(worker: Demand): void;
}

export function createDeferredDemand(): DeferredDemand {
  let source: Demand = { pendingDocuments: () => 0 };
  return {
    pendingDocuments: () => source.pendingDocuments(),
    connect: (worker) => {
      source = worker;
    },
  };
}
