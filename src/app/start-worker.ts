/** From the queue to the vectors: claims, runs, leases and cleanups. */
import { join } from 'node:path';
import type { NotifyCommitted } from '../documents/commit-notifier.js';
import { createBackgroundTask } from '../runtime/background-task.js';
import { createLeaseRenewer } from '../documents/lease-renewer.js';
import { mergeShortStages } from '../documents/merge-short-stages.js';
import { createProcessAttempt } from '../documents/process-attempt.js';
import { createReclaimExpiredLeases } from '../documents/reclaim-expired-leases.js';
import { createRunCleanups } from '../documents/run-cleanups.js';
import { createWorker, type Worker } from '../documents/worker.js';
import { createExtractor } from '../extraction/extractor.js';
import { withSmallTexts } from '../extraction/small-texts.js';
import { measureProcess } from '../metrics/process.js';
import type { Adapters, AppContext } from './open-adapters.js';

const CLEANUP_TICK_MS = 5_000;
/** Shorter than an eye can follow. */
const SHORT_STAGE = { maxStageMs: 5, maxChunks: 32 };
/**
 * Of the deadline for stopping, what running documents may use; the rest closes the other parts.
 */
const DRAIN_SHARE = 0.6;

export interface WorkerProcess {
  worker: Worker;
  /** There may be a cleanup. */
  wakeCleanups(): void;
  /** Takes no more work and drains, within its share of the deadline. */
  stop(): Promise<void>;
}

interface Room {
  onCapacityExhausted?: () => void;
  onCapacityAvailable?: () => void;
}

export function startWorker(
  { config, logger, resources, metrics }: AppContext,
  parts: Adapters,
  notifyCommitted: NotifyCommitted,
  room: Room = {},
): WorkerProcess {
  const { store, blobs, embedder, vectors } = parts;
  const extractor = withSmallTexts(
    createExtractor({ ...config.extraction, workDir: join(config.dataDir, 'work') }),
  );
  resources.push('extractor', () => extractor.stop());
  const leases = createLeaseRenewer({
    store,
    notifyCommitted,
    leaseMs: config.leaseMs,
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
      run: createReclaimExpiredLeases({ store, notifyCommitted }),
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
    ...room,
    processAttempt: mergeShortStages(
      measureProcess(
        metrics.registry,
        createProcessAttempt({ blobs, extractor, embedder, vectors, maxChunks: config.maxChunks }),
        { concurrency: config.workerConcurrency },
      ),
      SHORT_STAGE,
    ),
    concurrency: config.workerConcurrency,
    readers: config.extraction.processes,
    maxRunningPerUser: config.maxRunningPerUser,
  });
  parts.demand.connect(worker);
  leases.start();
  resources.push('lease renewer', () => leases.stop());
  worker.start();
  const stop = () => worker.stop(config.shutdownDeadlineMs * DRAIN_SHARE);
  resources.push('worker', stop);
  return { worker, wakeCleanups: () => tasks.cleanups.wake(), stop };
}
