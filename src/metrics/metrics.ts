/**
 * What one process measures, and how it is told: values of this process at once, values of others
 * through sources, which may be away.
 */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { createScrapeMeters, createSource, type Source, type SourceOptions } from './source.js';

export interface Metrics {
  registry: Registry;
  /** What is asked for when somebody wants the metrics. */
  addSource<Value>(options: SourceOptions<Value>): void;
  /** Never rejects for a source that is away, and never waits for one longer than its limit. */
  render(): Promise<{ contentType: string; text: string }>;
}

export function createMetrics({ role }: { role: string }): Metrics {
  const registry = new Registry();
  const sources: Source[] = [];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'docstream_process_info',
    help: 'Always 1; which kind of process this is.',
    labelNames: ['role'] as const,
    registers: [registry],
  }).set({ role }, 1);
  const meters = createScrapeMeters(registry);
  return {
    registry,
    addSource: (options) => void sources.push(createSource(options, meters)),
    render: async () => {
      await Promise.all(sources.map((source) => source.refresh()));
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}
