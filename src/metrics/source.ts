/**
 * Values of a dependency that are read when a client requests the metrics. A source protects its
 * dependency however often that happens and however slow the dependency is: at most one read runs
 * at a time, and the pause after each read keeps the load small. While the dependency does not
 * respond, the values are missing, so that nobody mistakes old values for current ones.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import { settlesWithin } from '../runtime/deadline.js';

export interface SourceOptions<Value> {
  name: string;
  read: () => Promise<Value>;
  show: (value: Value) => void;
  /** Removes the values from the metrics. */
  hide: () => void;
  /** A read that takes longer counts as failed. */
  timeoutMs?: number;
  /** The shortest pause after a read; a slow read is followed by a longer one. */
  pauseMs?: number;
}

export interface Source {
  /** Resolves when the values are as current as they can be. Never rejects. */
  refresh(): Promise<void>;
}

export interface ScrapeMeters {
  failures: Counter<'source'>;
  duration: Gauge<'source'>;
}

const TIMEOUT_MS = 2_000;
const PAUSE_MS = 5_000;
/** A read takes at most one fiftieth of the time of its dependency. */
const PAUSE_FACTOR = 50;

export function createScrapeMeters(registry: Registry): ScrapeMeters {
  const registers = [registry];
  const labelNames = ['source'] as const;
  return {
    failures: new Counter({
      name: 'docstream_scrape_failures_total',
      labelNames,
      registers,
      help: 'Reads of a dependency for metrics that failed or timed out. Its metrics are missing until a read succeeds.',
    }),
    duration: new Gauge({
      name: 'docstream_scrape_duration_seconds',
      labelNames,
      registers,
      help: 'Duration of the last successful read of a dependency for metrics, in seconds.',
    }),
  };
}

export function createSource<Value>(
  options: SourceOptions<Value>,
  { failures, duration }: ScrapeMeters,
): Source {
  const { name, read, show, hide, timeoutMs = TIMEOUT_MS, pauseMs = PAUSE_MS } = options;
  const labels = { source: name };
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let current: Promise<void> | undefined;
  let hasTimedOut = false;
  failures.inc(labels, 0);

  async function readAndShow(): Promise<void> {
    const startedAt = performance.now();
    try {
      show(await read());
      duration.set(labels, (performance.now() - startedAt) / 1_000);
    } catch {
      // A read that has timed out has been counted already.
      if (!hasTimedOut) fail();
    } finally {
      const tookMs = performance.now() - startedAt;
      pausedUntil = performance.now() + Math.max(pauseMs, tookMs * PAUSE_FACTOR);
      current = undefined;
      hasTimedOut = false;
    }
  }

  function fail(): void {
    failures.inc(labels);
    duration.remove(labels);
    hide();
  }

  return {
    refresh: async () => {
      if (hasTimedOut || (!current && performance.now() < pausedUntil)) return;
      current ??= readAndShow();
      if ((await settlesWithin(current, timeoutMs)) || hasTimedOut) return;
      hasTimedOut = true;
      fail();
    },
  };
}
