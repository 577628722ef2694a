/**
 * docs/benchmarks.md, written by `npm run bench`. The comparison with other runs and its analysis
 * are in docs/benchmarks-compared.md, which no command writes.
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Figures } from './main.js';

/** The results of one benchmark. */
export interface Section {
  name: string;
  /** What the benchmark measures, and what it compares the figures with. */
  what: string;
  figures: Figures;
}

/** Characters of a line of Markdown, as .markdownlint-cli2.mjs has it. */
const LINE_WIDTH = 100;

export async function writeReport(folder: string, sections: Section[]): Promise<void> {
  await writeFile(join(folder, 'benchmarks.md'), toReport(sections));
}

function toReport(sections: Section[]): string {
  const introduction = `\`npm run bench\` writes this file. ${describeRun()} Machines are shared and noisy: compare ratios and medians. [A comparison with the usual design](benchmarks-compared.md) is in a file of its own.`;
  return `# Benchmarks\n\n${wrap(introduction)}\n\n${sections.map(toSection).join('\n')}`;
}

function toSection({ name, what, figures }: Section): string {
  const rows = Object.entries(figures).map(([figure, value]) => `| ${figure} | ${value} |`);
  const table = ['| Figure | Value |', '| --- | --- |', ...rows].join('\n');
  return `## ${name}\n\n${wrap(what)}\n\n\`npm run bench -- ${name}\`\n\n${table}\n`;
}

function describeRun(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 1024 ** 3)} GiB`;
  const date = new Date().toISOString().slice(0, 10);
  return `Machine: ${machine}. Commit: ${commit}. Date: ${date}. Node ${process.version}.`;
}

function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > LINE_WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
