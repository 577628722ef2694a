/** Starts what turns queued documents into vectors: claims, attempts, leases and cleanups. */
import { join } from 'node:path';
import type { NotifyCommitted } from '../documents/commit-notifier.js';
import { createBackgroundTask, type BackgroundTask } from '../runtime/background-task.js';
import { createLeaseRenewer } from '../documents/lease-renewer.js';
import { mergeShortStages } from '../documents/merge-short-stages.js';
import { createProcessAttempt, type ProcessAttempt } from '../documents/process-attempt.js';
import { createReclaimExpiredLeases } from '../documents/reclaim-expired-leases.js';
import { createRunCleanups } from '../documents/run-cleanups.js';
import { createWorker, type Worker } from '../documents/worker.js';
import { createExtractor } from '../extraction/extractor.js';
import { withSmallTexts } from '../extraction/small-texts.js';
import { measureProcess } from '../metrics/process.js';
import type { AppContext } from './app-context.js';
import type { Adapters } from './open-adapters.js';

const CLEANUP_TICK_MS = 5_000;
/** Stages that end sooner are not reported, because a person cannot see them. */
const SHORT_STAGE = { maxStageMs: 5, maxChunks: 32 };
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
  context,
  adapters,
  notifyCommitted,
  capacity,
}: WorkerOptions): WorkerProcess {
  const { config, logger, resources } = context;
  const { store, demand } = adapters;
  const leases = createLeaseRenewer({ store, notifyCommitted, leaseMs: config.leaseMs, logger });
  const processAttempt = createMeasuredAttempt(context, adapters);
  const cleanups = startTasks(context, adapters, notifyCommitted);
  const worker = createWorker({
    store,
    leases,
    notifyCommitted,
    logger,
    leaseMs: config.leaseMs,
    retryDelaysMs: config.retryDelaysMs,
    ...capacity,
    processAttempt,
    concurrency: config.workerConcurrency,
    readers: config.extraction.processes,
    maxRunningPerUser: config.maxRunningPerUser,
  });
  demand.connect(worker);
  leases.start();
  resources.push('lease renewer', () => leases.stop());
  worker.start();
  const stop = () => worker.stop(config.shutdownDeadlineMs * DRAIN_SHARE);
  resources.push('worker', stop);
  return { worker, wakeCleanups: () => cleanups.wake(), stop };
}

function createMeasuredAttempt(
  { config, resources, metrics }: AppContext,
  { blobs, embedder, vectors }: Adapters,
): ProcessAttempt {
  const extractor = withSmallTexts(
    createExtractor({ ...config.extraction, workDir: join(config.dataDir, 'work') }),
  );
  resources.push('extractor', () => extractor.stop());
  const { maxChunks } = config;
  const measured = measureProcess(
    metrics.registry,
    createProcessAttempt({ blobs, extractor, embedder, vectors, maxChunks }),
    { concurrency: config.workerConcurrency },
  );
  return mergeShortStages(measured, SHORT_STAGE);
}

/** Starts the background tasks. Returns the one of the cleanups. */
function startTasks(
  { config, logger, resources }: AppContext,
  { store, blobs, vectors }: Adapters,
  notifyCommitted: NotifyCommitted,
): BackgroundTask {
  const cleanups = createBackgroundTask({
    name: 'cleanups',
    tickMs: CLEANUP_TICK_MS,
    logger,
    run: createRunCleanups({ store, vectors, blobs, logger }),
  });
  const leases = createBackgroundTask({
    name: 'leases',
    tickMs: config.leaseMs / 3,
    logger,
    run: createReclaimExpiredLeases({ store, notifyCommitted }),
  });
  for (const [name, task] of Object.entries({ cleanups, leases })) {
    task.start();
    resources.push(name, () => task.stop());
  }
  return cleanups;
}
