import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeReport } from '../bench/report.js';

const ANALYSIS = 'Written by a person.\n';

describe('the report of the benchmarks', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docstream-report-'));
    await writeFile(join(folder, 'benchmarks-compared.md'), ANALYSIS);
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('writes benchmarks.md and leaves the written comparison as it is', async () => {
    await writeReport(folder, [{ name: 'claim', what: 'A claim.', figures: { ratio: 1.19 } }]);
    expect((await readdir(folder)).sort()).toEqual(['benchmarks-compared.md', 'benchmarks.md']);
    expect(await readFile(join(folder, 'benchmarks-compared.md'), 'utf8')).toBe(ANALYSIS);
    const report = await readFile(join(folder, 'benchmarks.md'), 'utf8');
    expect(report).toContain('## claim\n\nA claim.\n');
    expect(report).toContain('| ratio | 1.19 |\n');
  });

  it('wraps its sentences at 100 characters', async () => {
    await writeReport(folder, [{ name: 'claim', what: 'word '.repeat(100).trim(), figures: {} }]);
    const report = await readFile(join(folder, 'benchmarks.md'), 'utf8');
    expect(report.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });
});

describe('docs/benchmarks.md', () => {
  it('contains generated sections only', async () => {
    const page = await readFile(new URL('../../docs/benchmarks.md', import.meta.url), 'utf8');
    const sections = page.split(/^## /m).slice(1);
    expect(sections.length).toBeGreaterThan(0);
    for (const section of sections)
      expect(section).toMatch(
        /^([\w-]+)\n\n[^|#]+\n\n`npm run bench -- \1`\n\n\| Figure \| Value \|\n\| --- \| --- \|\n(\| \w+ \| [\d.]+ \|\n)+\n?$/,
      );
    expect(page.match(/^# .*$/gm)).toEqual(['# Benchmarks']);
  });
});
