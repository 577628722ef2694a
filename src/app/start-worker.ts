/** Starts what turns queued documents into vectors: claims, attempts, leases and cleanups. */
import { join } from 'node:path';
import type { NotifyCommitted } from '../documents/commit-notifier.js';
import { createBackgroundTask } from '../runtime/background-task.js';
import { createLeaseRenewer } from '../documents/lease-renewer.js';
import { createProcessDocument } from '../documents/process-document.js';
import { createRunCleanups } from '../documents/run-cleanups.js';
import { createWorker, type Worker } from '../documents/worker.js';
import { createExtractor } from '../extraction/extractor.js';
import { withSmallTexts } from '../extraction/small-texts.js';
import { measureProcess } from '../metrics/process.js';
import type { AppContext } from './app-context.js';
import type { Adapters } from './open-adapters.js';

const CLEANUP_TICK_MS = 5_000;
/** Stages that end sooner are not reported: a person cannot see them. */
const SHORT_STAGE_MS = 5;
/** Share of the shutdown deadline that running documents may use; the rest closes the adapters. */
const DRAIN_SHARE = 0.6;

export interface WorkerProcess {
  worker: Worker;
  /** Notifies that there may be a cleanup. */
  wakeCleanups(): void;
  /** Takes no more work and drains, within the share of the deadline. */
  stop(): Promise<void>;
}

interface WorkerOptions {
  context: AppContext;
  adapters: Adapters;
  notifyCommitted: NotifyCommitted;
  /** Called when the worker has no more capacity, and when it has some again. */
  capacity?: { onCapacityExhausted: () => void; onCapacityAvailable: () => void };
}

export function startWorker({
  context: { config, logger, resources, metrics },
  adapters,
  notifyCommitted,
  capacity,
}: WorkerOptions): WorkerProcess {
  const { store, blobs, embedder, vectors } = adapters;
  const extractor = withSmallTexts(
    createExtractor({ ...config.extraction, workDir: join(config.dataDir, 'work') }),
  );
  resources.push('extractor', () => extractor.stop());
  const leases = createLeaseRenewer({
    store,
    notifyCommitted,
    leaseMs: config.leaseMs,
    shortStageMs: SHORT_STAGE_MS,
    logger,
  });
  const tasks = {
    cleanups: createBackgroundTask({
      name: 'cleanups',
      tickMs: CLEANUP_TICK_MS,
      logger,
      run: createRunCleanups({ store, vectors, blobs, logger }),
    }),
    leases: createBackgroundTask({
      name: 'leases',
      tickMs: config.leaseMs / 3,
      logger,
      run: async () => {
        notifyCommitted(await store.reclaimExpiredLeases({ all: false }));
        return false;
      },
    }),
  };
  for (const [name, task] of Object.entries(tasks)) {
    task.start();
    resources.push(name, () => task.stop());
  }
  const worker = createWorker({
    store,
    leases,
    notifyCommitted,
    logger,
    leaseMs: config.leaseMs,
    retryDelaysMs: config.retryDelaysMs,
    ...capacity,
    process: measureProcess(
      metrics.registry,
      createProcessDocument({ blobs, extractor, embedder, vectors, maxChunks: config.maxChunks }),
      {
        concurrency: config.workerConcurrency,
      },
    ),
    concurrency: config.workerConcurrency,
    readers: config.extraction.processes,
    maxRunningPerUser: config.maxRunningPerUser,
  });
  embedder.expect?.(() => worker.followed());
  leases.start();
  resources.push('lease renewer', () => leases.stop());
  worker.start();
  const stop = () => worker.stop(config.shutdownDeadlineMs * DRAIN_SHARE);
  resources.push('worker', stop);
  return { worker, wakeCleanups: () => tasks.cleanups.wake(), stop };
}
