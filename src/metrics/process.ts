import { Gauge, Histogram, type Registry } from 'prom-client';
import type { DocumentStatus } from '../documents/document.js';
import type { ProcessAttempt } from '../documents/process-attempt.js';
import { WAIT_BUCKETS } from './timed.js';

type Outcome = 'done' | 'failed' | 'interrupted';

/**
 * Wraps the processing of a document to measure the duration of each stage and to count the
 * documents in progress.
 */
export function measureProcess(
  registry: Registry,
  process: ProcessAttempt,
  { concurrency }: { concurrency: number },
): ProcessAttempt {
  const { stageDuration, runningDocuments } = createMeters(registry, concurrency);
  return async (attempt) => {
    let stage: DocumentStatus = attempt.claim.document.status;
    let startedAt = performance.now();
    function endStage(outcome: Outcome): void {
      stageDuration.observe({ stage, outcome }, (performance.now() - startedAt) / 1_000);
    }
    runningDocuments.inc();
    try {
      await process({
        ...attempt,
        change: async (change) => {
          const document = await attempt.change(change);
          endStage('done');
          stage = document.status;
          startedAt = performance.now();
          return document;
        },
      });
    } catch (error) {
      endStage(attempt.signal.aborted ? 'interrupted' : 'failed');
      throw error;
    } finally {
      runningDocuments.dec();
    }
  };
}

function createMeters(registry: Registry, concurrency: number) {
  const registers = [registry];
  new Gauge({
    name: 'docstream_worker_concurrency',
    help: 'Maximum number of documents that this process processes at once.',
    registers,
  }).set(concurrency);
  return {
    runningDocuments: new Gauge({
      name: 'docstream_worker_running_documents',
      help: 'Documents that this process is processing.',
      registers,
    }),
    stageDuration: new Histogram({
      name: 'docstream_stage_duration_seconds',
      labelNames: ['stage', 'outcome'] as const,
      buckets: WAIT_BUCKETS,
      registers,
      help: 'Time that one processing attempt spent in a stage, in seconds. Interrupted: the lease was lost or the process stopped.',
    }),
  };
}
