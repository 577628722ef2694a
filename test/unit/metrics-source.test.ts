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
  const read = async () => `answer ${(reads += 1)}`;
  const show = (value: string) => void shown.push(value);
  metrics.addSource({
    name: 'database',
    read,
    show,
    hide: () => void shown.push('hidden'),
    pauseMs: 0,
    ...more,
  });
}

const failures = (exposition: Exposition) =>
  valueOf(exposition, 'docstream_scrape_failures_total', { source: 'database' });

describe('a source of metrics', () => {
  it('is asked when somebody wants the metrics, and not before', async () => {
    addSource();
    expect(shown).toEqual([]);
    expect(failures(await render())).toBe(0);
    expect(shown).toEqual(['answer 1']);
  });

  it('is asked once for many who want them at the same time', async () => {
    addSource();
    await Promise.all(Array.from({ length: 20 }, render));
    expect(reads).toBe(1);
  });

  it('rests between two questions', async () => {
    addSource({ pauseMs: 60_000 });
    for (let scrape = 0; scrape < 5; scrape += 1) await render();
    expect(shown).toEqual(['answer 1']);
  });

  it('rests fifty times as long as it took to answer', async () => {
    let answer = Promise.withResolvers<string>();
    addSource({ read: () => ((reads += 1), answer.promise) });
    const first = render();
    setTimeout(() => answer.resolve('slow'), 100);
    await first;
    answer = Promise.withResolvers();
    answer.resolve('next');
    await render();
    expect(reads).toBe(1);
  });

  it('that fails is counted and hidden, and everything else is told', async () => {
    addSource({ read: () => Promise.reject(new Error('away')) });
    const exposition = await render();
    expect(failures(exposition)).toBe(1);
    expect(shown).toEqual(['hidden']);
    expect(valueOf(exposition, 'docstream_process_info', { role: 'test' })).toBe(1);
    expect(exposition.has('process_cpu_seconds_total')).toBe(true);
  });

  it('that hangs is given up, counted once, asked no second time meanwhile, and told when it answers after all', async () => {
    const answer = Promise.withResolvers<string>();
    addSource({ read: () => ((reads += 1), answer.promise), timeoutMs: 400 });
    expect(failures(await render())).toBe(1);
    expect(failures(await within(render(), 300, 'metrics without waiting again'))).toBe(1);
    expect({ reads, shown }).toEqual({ reads: 1, shown: ['hidden'] });
    answer.resolve('late');
    await eventually(() => shown.includes('late'));
  });

  it('that fails after it was given up has failed once', async () => {
    const answer = Promise.withResolvers<string>();
    addSource({ read: () => answer.promise, timeoutMs: 20, pauseMs: 60_000 });
    await render();
    answer.reject(new Error('away'));
    expect(failures(await render())).toBe(1);
  });

  it('that is back is shown again', async () => {
    let away = true;
    addSource({ read: async () => (away ? Promise.reject(new Error('away')) : 'back') });
    await render();
    away = false;
    await eventually(async () => (await render()) && shown.at(-1) === 'back');
  });
});
