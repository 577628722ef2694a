/**
 * `npm run bench -- NAME` runs one benchmark and prints, as its last line, one JSON object with its
 * figures. `npm run bench` runs all of them and writes docs/benchmarks.md, and no other file.
 */
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
import { writeReport, type Section } from './report.js';
import { benchScaleOut } from './scale-out.js';
import { benchSearch } from './search.js';
import { benchStart } from './start.js';
import { benchUploadMemory } from './upload-memory.js';

export type Figures = Record<string, number>;

interface Benchmark {
  /** What the benchmark measures, and what it compares the figures with. */
  what: string;
  run: () => Promise<Figures>;
}

const BENCHMARKS: Record<string, Benchmark> = {
  start: {
    what: 'Time from `npm start` to the first response of /readyz, on a folder that was used before; the median of five starts. Target: at most 3,000 ms.',
    run: benchStart,
  },
  'upload-memory': {
    what: 'Growth of the resident memory of the process during the upload of one file, over the memory before. Target: under 64 MiB.',
    run: benchUploadMemory,
  },
  chunks: {
    what: 'A long text from upload to COMPLETED, compared with the local embedder alone on the same passages with as many threads, in alternation; medians. Target: ratio 0.9 or more.',
    run: benchChunks,
  },
  latency: {
    what: 'A one-page text, one at a time, from the first byte of the upload until a search finds it by its words.',
    run: benchLatency,
  },
  pipeline: {
    what: '5,000 documents queued beforehand, one worker process, until the last watcher has its last event and the last status event is in Kafka. Compared with the usual design (test/bench/peers) in alternation; medians. Limit: ratio 1.0 or more.',
    run: benchPipeline,
  },
  accept: {
    what: '10 kB uploads over 20 connections to one API process, compared with the usual design in alternation; medians. Limit: ratio 0.8 or more.',
    run: benchAccept,
  },
  'end-to-end': {
    what: 'Time from the first byte of an upload to the terminal event at the client, at 20 documents per second, with an embedder and a vector store that respond at once. Limit: median 40 ms, p99 150 ms.',
    run: benchEndToEnd,
  },
  'embedding-calls': {
    what: '1,000 documents of two passages, queued beforehand, compared with the minimum number of calls of 96 texts. Limit: ratio 1.1 at most.',
    run: benchEmbeddingCalls,
  },
  'scale-out': {
    what: '2,000 documents, 8 at once in a worker, an embedder of 200 ms without a limit and a store that responds at once: 2 and 4 workers as a share of 2 and 4 times one. Limit: 0.9 or more.',
    run: benchScaleOut,
  },
  claim: {
    what: 'A claim of 8 documents with 100 and with 100,000 waiting documents of 1,000 users; medians. Limit: 3 times as long at most.',
    run: benchClaim,
  },
  hostile: {
    what: 'Hostile requests, files and sockets, one after another, beside a well-behaved user. Limits: dead 0, gap 300 ms, search 1,500 ms, upload 8,000 ms, growth 300 MiB.',
    run: benchHostile,
  },
  search: {
    what: 'Hybrid searches, one at a time, over one user with 10,000 chunks.',
    run: benchSearch,
  },
};

const [chosen] = process.argv.slice(2);
if (chosen === undefined) await runAll();
else await runOne(chosen);

async function runOne(name: string): Promise<void> {
  const benchmark = BENCHMARKS[name];
  if (!benchmark) {
    process.stderr.write(
      `Unknown benchmark "${name}". Use one of ${Object.keys(BENCHMARKS).join(', ')}.\n`,
    );
    process.exitCode = 1;
    return;
  }
  print(await measure(benchmark));
}

async function runAll(): Promise<void> {
  const sections: Section[] = [];
  for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
    process.stdout.write(`${name}\n`);
    const figures = await measure(benchmark);
    print(figures);
    sections.push({ name, what: benchmark.what, figures });
  }
  await writeReport('docs', sections);
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
