import { createMetrics, type Metrics } from '../../src/metrics/metrics.js';
import type { SourceOptions } from '../../src/metrics/source.js';
import { parseExposition, valueOf, type Exposition } from '../support/prometheus.js';
import { eventually, within } from '../support/wait.js';

let metrics: Metrics;
let reads: number;
let shown: string[];

beforeEach(() => {
  metrics = createMetrics({ role: 'test' });
  reads = 0;
  shown = [];
});

async function render(): Promise<Exposition> {
  return parseExposition((await within(metrics.render(), 5_000, 'the metrics')).text);
}

function addSource(more: Partial<SourceOptions<string>> = {}): void {
  const read = async () => `value ${(reads += 1)}`;
  metrics.addSource({
    name: 'database',
    read,
    show: (value) => {
      shown.push(value);
    },
    hide: () => {
      shown.push('hidden');
    },
    pauseMs: 0,
    ...more,
  });
}

function failures(exposition: Exposition): number | undefined {
  return valueOf(exposition, 'docstream_scrape_failures_total', { source: 'database' });
}

describe('a source of metrics', () => {
  it('is read when the metrics are rendered, and not before', async () => {
    addSource();
    expect(shown).toEqual([]);
    expect(failures(await render())).toBe(0);
    expect(shown).toEqual(['value 1']);
  });

  it('is read once for concurrent requests', async () => {
    addSource();
    await Promise.all(Array.from({ length: 20 }, render));
    expect(reads).toBe(1);
  });

  it('is not read again during the pause', async () => {
    addSource({ pauseMs: 60_000 });
    for (let scrape = 0; scrape < 5; scrape += 1) await render();
    expect(shown).toEqual(['value 1']);
  });

  it('pauses fifty times as long as a read took', async () => {
    let result = Promise.withResolvers<string>();
    addSource({ read: () => ((reads += 1), result.promise) });
    const first = render();
    setTimeout(() => result.resolve('slow'), 100);
    await first;
    result = Promise.withResolvers();
    result.resolve('next');
    await render();
    expect(reads).toBe(1);
  });

  it('counts a failed read, hides its values and keeps all other metrics', async () => {
    addSource({ read: () => Promise.reject(new Error('away')) });
    const exposition = await render();
    expect(failures(exposition)).toBe(1);
    expect(shown).toEqual(['hidden']);
    expect(valueOf(exposition, 'docstream_process_info', { role: 'test' })).toBe(1);
    expect(exposition.has('process_cpu_seconds_total')).toBe(true);
  });

  it('counts a read that times out once, does not repeat it, and shows its late result', async () => {
    const result = Promise.withResolvers<string>();
    addSource({ read: () => ((reads += 1), result.promise), timeoutMs: 400 });
    expect(failures(await render())).toBe(1);
    expect(failures(await within(render(), 300, 'metrics without another wait'))).toBe(1);
    expect({ reads, shown }).toEqual({ reads: 1, shown: ['hidden'] });
    result.resolve('late');
    await eventually(() => shown.includes('late'));
  });

  it('counts a read that fails after its timeout once', async () => {
    const result = Promise.withResolvers<string>();
    addSource({ read: () => result.promise, timeoutMs: 20, pauseMs: 60_000 });
    await render();
    result.reject(new Error('away'));
    expect(failures(await render())).toBe(1);
  });

  it('shows values again after a failure', async () => {
    let away = true;
    addSource({ read: async () => (away ? Promise.reject(new Error('away')) : 'back') });
    await render();
    away = false;
    await eventually(async () => (await render()) && shown.at(-1) === 'back');
  });
});
