/**
 * `npm run bench -- NAME` runs one benchmark and prints, as its last line, one JSON object with its
 * figures. `npm run bench` runs all and writes docs/benchmarks.md.
 */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { stopAllProducts } from '../support/product.js';
import { benchAccept } from './accept.js';
import { benchChunks } from './chunks.js';
import { benchClaim } from './claim.js';
import { benchEmbeddingCalls } from './embedding-calls.js';
import { benchEndToEnd } from './end-to-end.js';
import { benchHostile } from './hostile.js';
import { benchLatency } from './latency.js';
import { benchPipeline } from './pipeline.js';
import { stopAllProcesses } from './processes.js';
import { benchScaleOut } from './scale-out.js';
import { benchSearch } from './search.js';
import { benchStart } from './start.js';
import { benchUploadMemory } from './upload-memory.js';

export type Figures = Record<string, number>;

interface Benchmark {
  /** What is measured and what it is compared with. */
  what: string;
  run: () => Promise<Figures>;
}

const BENCHMARKS: Record<string, Benchmark> = {
  start: {
    what: 'From `npm start` to the first answer of /readyz, on a folder that was used before; median of 5. Aim: 3,000 ms at most.',
    run: benchStart,
  },
  'upload-memory': {
    what: 'Growth of the resident memory of the process while one file is uploaded, over what it was before. Aim: under 64 MiB.',
    run: benchUploadMemory,
  },
  chunks: {
    what: 'A long text from upload to COMPLETED, beside the encoder alone on the same passages with as many threads, in turn; medians. Aim: ratio 0.9 or more.',
    run: benchChunks,
  },
  latency: {
    what: 'A one-page text, one at a time, from the first byte of the upload until a search finds it by its words.',
    run: benchLatency,
  },
  pipeline: {
    what: '5,000 documents queued beforehand, one worker process, until the last watcher has its last event and the last status event is in Kafka, beside the usual design (test/bench/peers) in turn; medians. Bar: ratio 1.0 or more.',
    run: benchPipeline,
  },
  accept: {
    what: '10 kB uploads over 20 connections to one API process, beside the usual design in turn; medians. Bar: ratio 0.8 or more.',
    run: benchAccept,
  },
  'end-to-end': {
    what: 'From the first byte of an upload to the terminal event at the client, at 20 documents a second, with an embedder and a vector store that answer at once. Bar: median 40 ms, p99 150 ms.',
    run: benchEndToEnd,
  },
  'embedding-calls': {
    what: '1,000 documents of two passages, queued beforehand, beside the fewest calls of 96 texts there can be. Bar: ratio 1.1 at most.',
    run: benchEmbeddingCalls,
  },
  'scale-out': {
    what: '2,000 documents, 8 at once in a worker, an embedder of 200 ms without limit and a store that answers at once: 2 and 4 workers as a share of 2 and 4 times one. Bar: 0.9.',
    run: benchScaleOut,
  },
  claim: {
    what: 'A claim of 8 with 100 and with 100,000 waiting documents of 1,000 users; medians. Bar: 3 times as long at most.',
    run: benchClaim,
  },
  hostile: {
    what: 'Hostile requests, files and sockets, one after another, beside a well-behaved user. Bars: dead 0, gap 300 ms, search 1,500 ms, upload 8,000 ms, growth 300 MiB.',
    run: benchHostile,
  },
  search: {
    what: 'Hybrid searches, one at a time, over one user with 10,000 chunks.',
    run: benchSearch,
  },
};

const [name] = process.argv.slice(2);
if (name === undefined) await runAll();
else await runOne(name);

async function runOne(wanted: string): Promise<void> {
  const benchmark = BENCHMARKS[wanted];
  if (!benchmark) {
    process.stderr.write(
      `There is no benchmark "${wanted}". Benchmarks: ${Object.keys(BENCHMARKS).join(', ')}.\n`,
    );
    process.exitCode = 1;
    return;
  }
  print(await measure(benchmark));
}

async function runAll(): Promise<void> {
  const results: [string, Figures][] = [];
  for (const [key, benchmark] of Object.entries(BENCHMARKS)) {
    process.stdout.write(`${key}\n`);
    const figures = await measure(benchmark);
    print(figures);
    results.push([key, figures]);
  }
  await writeFile('docs/benchmarks.md', toPage(results));
}

async function measure(benchmark: Benchmark): Promise<Figures> {
  try {
    return await benchmark.run();
  } finally {
    await Promise.all([stopAllProducts(), stopAllProcesses()]);
  }
}

function print(figures: Figures): void {
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

function toPage(results: [string, Figures][]): string {
  const sections = results.map(([key, figures]) => {
    const rows = Object.entries(figures).map(([figure, value]) => `| ${figure} | ${value} |`);
    return `## ${key}\n\n${BENCHMARKS[key]?.what ?? ''}\n\n\`npm run bench -- ${key}\`\n\n| Figure | Value |\n| --- | --- |\n${rows.join('\n')}\n`;
  });
  return `# Benchmarks\n\nWritten by \`npm run bench\`. ${describeRun()} Machines are shared and noisy: compare ratios and medians.\n\n${sections.join('\n')}`;
}

function describeRun(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 1024 ** 3)} GiB`;
  return `Machine: ${machine}. Commit: ${commit}. Date: ${new Date().toISOString().slice(0, 10)}. Node ${process.version}.`;
}
