/**
 * The metrics of one process: values of this process, which are always present, and values of the
 * database or Kafka, which a source reads and which are missing while the source is unavailable.
 */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { createScrapeMeters, createSource, type Source, type SourceOptions } from './source.js';

export interface Metrics {
  registry: Registry;
  /** Adds values that are read when a client requests the metrics. */
  addSource<Value>(options: SourceOptions<Value>): void;
  /**
   * Returns the metrics as text. Waits for each source no longer than its timeout and never rejects
   * because a source is unavailable.
   */
  render(): Promise<{ contentType: string; text: string }>;
}

export function createMetrics({ role }: { role: string }): Metrics {
  const registry = new Registry();
  const sources: Source[] = [];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'docstream_process_info',
    help: 'Always 1. The label names the role of this process.',
    labelNames: ['role'] as const,
    registers: [registry],
  }).set({ role }, 1);
  const meters = createScrapeMeters(registry);
  return {
    registry,
    addSource: (options) => {
      sources.push(createSource(options, meters));
    },
    render: async () => {
      await Promise.all(sources.map((source) => source.refresh()));
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
