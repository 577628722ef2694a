/**
 * Sends hostile inputs, one after another, to one running product, beside a well-behaved user. A
 * process that ends or stops responding counts as dead, and the benchmark replaces it.
 *
 *     npm run bench -- hostile [--only NAME_OR_KIND]…
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { startProduct, type Product } from '../support/product.js';
import { newUser } from '../support/documents.js';
import { eventually } from '../support/wait.js';
import { summarise, type HostileInput } from './hostile/input.js';
import { HOSTILE_INPUTS } from './hostile/inputs/all.js';
import { startNeighbour, type Neighbour, type Worst } from './hostile/neighbour.js';
import type { Figures } from './main.js';
import { round } from './statistics.js';

/** The benchmark then terminates the sender and its connections. */
const INPUT_LIMIT_MS = 45_000;
/** Ordinary work before the first input, so that the baseline of the memory includes it. */
const WARM_UP_MS = 15_000;
/**
 * The longest time from an input to the end of the neighbour's work in flight. The benchmark
 * replaces a service that needs longer.
 */
const SETTLE_LIMIT_MS = 30_000;
const UNFINISHED = ['not ended in time'];

const BARS: Record<string, number> = {
  dead: 0,
  worstGapMs: 300,
  worstNeighbourSearchMs: 1_500,
  worstNeighbourUploadMs: 8_000,
  worstRssMiB: 300,
};

interface Subject {
  product: Product;
  neighbour: Neighbour;
  /** Resident memory before the first input, in MiB. */
  idleMiB: number;
  /** Returns true after the end of the process. */
  hasEnded(): boolean;
}

interface Outcome {
  input: HostileInput;
  responses: string[];
  /** The worst figures of the neighbour. The memory is the growth since before the first input. */
  worst: Worst;
  /** Growth of the memory since before this input, in MiB. */
  grownMiB: number;
  dead: boolean;
  /** The process responds, but the neighbour's work did not end. */
  stuck: boolean;
}

export async function benchHostile(): Promise<Figures> {
  const inputs = selectInputs();
  const outcomes: Outcome[] = [];
  let subject = await startSubject();
  for (const input of inputs) {
    const outcome = await tryInput(subject, input);
    outcomes.push(outcome);
    process.stdout.write(`${toLine(outcome)}\n`);
    if (outcome.dead || outcome.stuck) subject = await replace(subject);
  }
  await subject.neighbour.stop();
  const figures = toFigures(outcomes);
  for (const [figure, bar] of Object.entries(BARS))
    process.stdout.write(`${toBarLine(figure, bar, figures[figure] ?? 0)}\n`);
  return figures;
}

function selectInputs(): readonly HostileInput[] {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { only: { type: 'string', multiple: true } },
  });
  const only = values.only ?? [];
  const chosen = HOSTILE_INPUTS.filter(
    ({ name, kind }) => only.length === 0 || only.includes(name) || only.includes(kind),
  );
  if (chosen.length > 0) return chosen;
  throw new Error(
    `Unknown input. Use --only with a kind (${[...new Set(HOSTILE_INPUTS.map(({ kind }) => kind))].join(', ')}) or the name of an input.`,
  );
}

async function startSubject(): Promise<Subject> {
  const product = await startProduct();
  let ended = false;
  void product.exited.then(() => (ended = true));
  const neighbour = startNeighbour(product.url, product.pid);
  await sleep(WARM_UP_MS);
  await eventually(() => neighbour.hasSettled(), {
    timeoutMs: SETTLE_LIMIT_MS,
    what: 'the end of the neighbour’s first work',
  });
  const baseline = neighbour.worst();
  process.stdout.write(`without hostile input: ${toFiguresText(baseline)}\n`);
  return { product, neighbour, idleMiB: baseline.rssMiB, hasEnded: () => ended };
}

async function replace({ product, neighbour }: Subject): Promise<Subject> {
  await neighbour.stop();
  await product.kill();
  return startSubject();
}

async function tryInput(subject: Subject, input: HostileInput): Promise<Outcome> {
  const { neighbour, idleMiB, hasEnded } = subject;
  neighbour.reset();
  const { rssMiB: beforeMiB } = neighbour.worst();
  const responses = await Promise.race([
    sendFromThread(input, subject.product.url),
    subject.product.exited.then(() => ['the process ended']),
  ]);
  const settled = await waitUntilSettled(subject);
  const worst = neighbour.worst();
  const dead = hasEnded() || (!settled && !(await isHealthy(subject.product.url)));
  return {
    input,
    responses,
    worst: { ...worst, rssMiB: worst.rssMiB - idleMiB },
    grownMiB: worst.rssMiB - beforeMiB,
    dead,
    stuck: !settled && !dead,
  };
}

async function sendFromThread({ name }: HostileInput, url: string): Promise<string[]> {
  const workerData = { name, target: { url, token: newUser('hostile') } };
  const thread = new Worker(new URL('./hostile/sender.ts', import.meta.url), { workerData });
  const limit = sleep(INPUT_LIMIT_MS, UNFINISHED, { ref: false });
  const sent = new Promise<string[]>((resolve) => {
    thread.once('message', resolve);
    thread.once('error', (error) => resolve([`the sender failed: ${String(error)}`]));
  });
  const responses = await Promise.race([sent, limit]);
  await thread.terminate();
  return responses;
}

async function waitUntilSettled({ neighbour, hasEnded }: Subject): Promise<boolean> {
  const end = performance.now() + SETTLE_LIMIT_MS;
  while (!neighbour.hasSettled() && !hasEnded() && performance.now() < end) await sleep(50);
  return neighbour.hasSettled();
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) }).then(
    (response) => response.ok,
    () => false,
  );
}

function toLine(outcome: Outcome): string {
  const { input, responses, worst, grownMiB } = outcome;
  return `${toStateLabel(outcome)}${input.finding} ${input.kind}/${input.name}: ${toFiguresText(worst)} (+${round(grownMiB)}) | ${summarise(responses).slice(0, 200)}`;
}

function toStateLabel({ worst, grownMiB, dead, stuck }: Outcome): string {
  if (dead) return 'DEAD ';
  if (stuck) return 'STUCK ';
  return missesBar({ ...worst, rssMiB: grownMiB }) ? 'SLOW ' : '';
}

function toFiguresText({ gapMs, searchMs, uploadMs, rssMiB, clientDelayMs }: Worst): string {
  return `gap ${round(gapMs)} search ${round(searchMs)} upload ${round(uploadMs)} client ${round(clientDelayMs)} rss ${round(rssMiB)}`;
}

function missesBar({ gapMs, searchMs, uploadMs, rssMiB }: Worst): boolean {
  const {
    worstGapMs = 0,
    worstNeighbourSearchMs = 0,
    worstNeighbourUploadMs = 0,
    worstRssMiB = 0,
  } = BARS;
  return (
    gapMs > worstGapMs ||
    searchMs > worstNeighbourSearchMs ||
    uploadMs > worstNeighbourUploadMs ||
    rssMiB > worstRssMiB
  );
}

function toFigures(outcomes: readonly Outcome[]): Figures {
  const highest = (figure: keyof Worst) =>
    round(Math.max(0, ...outcomes.map(({ worst }) => worst[figure])));
  return {
    inputs: outcomes.length,
    dead: outcomes.filter(({ dead }) => dead).length,
    worstGapMs: highest('gapMs'),
    worstNeighbourSearchMs: highest('searchMs'),
    worstNeighbourUploadMs: highest('uploadMs'),
    // The growth of one input. Ordinary work grows the process as well, which driftMiB shows.
    worstRssMiB: round(Math.max(0, ...outcomes.map(({ grownMiB }) => grownMiB))),
    driftMiB: highest('rssMiB'),
  };
}

function toBarLine(figure: string, bar: number, value: number): string {
  return `${value <= bar ? 'pass' : 'FAIL'} ${figure}: ${value}, bar ${bar}`;
}
