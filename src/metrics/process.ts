import { Gauge, Histogram, type Registry } from 'prom-client';
import type { DocumentStatus } from '../documents/document.js';
import type { ProcessAttempt } from '../documents/process-attempt.js';
import { WAIT_BUCKETS } from './timed.js';

type Outcome = 'done' | 'failed' | 'interrupted';

/**
 * The same work on a document; how long each stage takes is written down, and how many documents
 * are being worked on.
 */
export function measureProcess(
  registry: Registry,
  process: ProcessAttempt,
  { concurrency }: { concurrency: number },
): ProcessAttempt {
  const { stageDuration, running } = createMeters(registry, concurrency);
  return async (run) => {
    let stage: DocumentStatus = run.claim.document.status;
    let since = performance.now();
    const endStage = (outcome: Outcome) =>
      stageDuration.observe({ stage, outcome }, (performance.now() - since) / 1_000);
    running.inc();
    try {
      await process({
        ...run,
        change: async (change) => {
          const document = await run.change(change);
          endStage('done');
          stage = document.status;
          since = performance.now();
          return document;
        },
      });
    } catch (error) {
      endStage(run.signal.aborted ? 'interrupted' : 'failed');
      throw error;
    } finally {
      running.dec();
    }
  };
}

function createMeters(registry: Registry, concurrency: number) {
  const registers = [registry];
  new Gauge({
    name: 'docstream_worker_concurrency',
    help: 'Documents that this process works on at once, at most.',
    registers,
  }).set(concurrency);
  return {
    running: new Gauge({
      name: 'docstream_worker_running_documents',
      help: 'Documents that this process works on now.',
      registers,
    }),
    stageDuration: new Histogram({
      name: 'docstream_stage_duration_seconds',
      labelNames: ['stage', 'outcome'] as const,
      buckets: WAIT_BUCKETS,
      registers,
      help: 'How long one try at a document stayed in a stage; interrupted: the lease was lost or the process stopped.',
    }),
  };
}
