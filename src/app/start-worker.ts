/** From the queue to the vectors: claims, runs, leases and cleanups. */
import { join } from 'node:path';
import type { Announce } from '../documents/commit-notifier.js';
import { createBackgroundTask } from '../runtime/background-task.js';
import { createLeaseKeeper } from '../documents/lease-renewer.js';
import { createProcessDocument } from '../documents/process-document.js';
import { createRunCleanups } from '../documents/run-cleanups.js';
import { createWorker, type Worker } from '../documents/worker.js';
import { createExtractor } from '../extraction/extractor.js';
import { withSmallTexts } from '../extraction/small-texts.js';
import { measureProcess } from '../metrics/process.js';
import type { Parts, Surroundings } from './open-adapters.js';

const CLEANUP_TICK_MS = 5_000;
/** Shorter than an eye can follow. */
const SHORT_STAGE_MS = 5;
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
  onFull?: () => void;
  onRoom?: () => void;
}

export function startWorker(
  { config, logger: log, resources, metrics }: Surroundings,
  parts: Parts,
  announce: Announce,
  room: Room = {},
): WorkerProcess {
  const { store, blobs, embedder, vectors } = parts;
  const extractor = withSmallTexts(
    createExtractor({ ...config.extraction, workDir: join(config.dataDir, 'work') }),
  );
  resources.push('extractor', () => extractor.stop());
  const leases = createLeaseKeeper({
    store,
    announce,
    leaseMs: config.leaseMs,
    shortStageMs: SHORT_STAGE_MS,
    log,
  });
  const tasks = {
    cleanups: createBackgroundTask({
      name: 'cleanups',
      tickMs: CLEANUP_TICK_MS,
      log,
      run: createRunCleanups({ store, vectors, blobs, log }),
    }),
    leases: createBackgroundTask({
      name: 'leases',
      tickMs: config.leaseMs / 3,
      log,
      run: async () => {
        announce(await store.takeBackLeases({ all: false }));
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
    announce,
    log,
    leaseMs: config.leaseMs,
    retryDelaysMs: config.retryDelaysMs,
    ...room,
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
  resources.push('lease keeper', () => leases.stop());
  worker.start();
  const stop = () => worker.stop(config.shutdownDeadlineMs * DRAIN_SHARE);
  resources.push('worker', stop);
  return { worker, wakeCleanups: () => tasks.cleanups.wake(), stop };
}
