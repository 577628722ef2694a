/**
 * Values that another part has to be asked for when somebody wants the metrics. However often that
 * is, and however slow the part: it has one question at a time, and rests after each for as long as
 * its answer makes the load small. A part that does not answer leaves its values out, so that
 * nobody takes old ones for new ones.
 */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface SourceOptions<Value> {
  name: string;
  read: () => Promise<Value>;
  show: (value: Value) => void;
  /** Takes the values away. */
  hide: () => void;
  /** An answer that takes longer counts as none. */
  timeoutMs?: number;
  /** An answer is good for so long, and longer where it took its time. */
  restMs?: number;
}

export interface Source {
  /** Resolves when the values are as fresh as they get. Never rejects. */
  refresh(): Promise<void>;
}

export interface ScrapeMeters {
  failures: Counter<'source'>;
  duration: Gauge<'source'>;
}

const TIMEOUT_MS = 2_000;
const REST_MS = 5_000;
/** A question costs its part at most one fiftieth of the time. */
const REST_SHARE = 50;

export function createScrapeMeters(registry: Registry): ScrapeMeters {
  const registers = [registry];
  const labelNames = ['source'] as const;
  return {
    failures: new Counter({
      name: 'docstream_scrape_failures_total',
      labelNames,
      registers,
      help: 'Questions for metrics that a part did not answer in time; its metrics are missing meanwhile.',
    }),
    duration: new Gauge({
      name: 'docstream_scrape_duration_seconds',
      labelNames,
      registers,
      help: 'How long the last answer of a part took.',
    }),
  };
}

export function createSource<Value>(
  options: SourceOptions<Value>,
  { failures, duration }: ScrapeMeters,
): Source {
  const { name, read, show, hide, timeoutMs = TIMEOUT_MS, restMs = REST_MS } = options;
  const labels = { source: name };
  let restsUntil = Number.NEGATIVE_INFINITY;
  let current: Promise<void> | undefined;
  let late = false;
  failures.inc(labels, 0);

  async function ask(): Promise<void> {
    const startedAt = performance.now();
    try {
      show(await read());
      duration.set(labels, (performance.now() - startedAt) / 1_000);
    } catch {
      // A question that was given up has been counted then.
      if (!late) fail();
    } finally {
      restsUntil =
        performance.now() + Math.max(restMs, (performance.now() - startedAt) * REST_SHARE);
      current = undefined;
      late = false;
    }
  }

  function fail(): void {
    failures.inc(labels);
    duration.remove(labels);
    hide();
  }

  return {
    refresh: async () => {
      if (late || (!current && performance.now() < restsUntil)) return;
      current ??= ask();
      if ((await isWithin(current, timeoutMs)) || late) return;
      late = true;
      fail();
    },
  };
}

async function isWithin(promise: Promise<void>, ms: number): Promise<boolean> {
  const timeout = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeout.resolve(false), ms);
  return Promise.race([promise.then(() => true), timeout.promise]).finally(() =>
    clearTimeout(timer),
  );
}
