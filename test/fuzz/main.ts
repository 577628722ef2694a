/**
 * `npm run fuzz -- --seconds N --seed S` sends generated requests, frames, messages and files to a
 * running product. A failure prints the command that repeats it. The last line is a JSON object:
 * {seconds, seed, cases, failures}.
 */
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startProduct, stopAllProducts } from '../support/product.js';
import { createInvariants } from './invariants.js';
import { runTarget, type TargetResult } from './run-target.js';
import type { Limits, Target } from './target.js';
import { TARGETS } from './targets/all.js';

const DEFAULT_SECONDS = 60;
const HIGHEST_SEED = 2 ** 31 - 1;
const USERS = 8;

interface Options {
  seconds: number;
  seed: number;
  targets: readonly Target[];
  path: string | undefined;
  /**
   * The file for the numbers of passed and failed targets, which scripts/count-results.mjs reads.
   */
  json: string | undefined;
}

const options = readOptions();
process.stdout.write(`seed ${options.seed}\n`);
const begun = performance.now();
try {
  const results = await runAll(options);
  await report(results, options);
} finally {
  await stopAllProducts();
}

function readOptions(): Options {
  const strings = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { seconds: strings, seed: strings, only: strings, path: strings, json: strings },
  });
  const targets = TARGETS.filter(({ name }) => values.only === undefined || name === values.only);
  if (targets.length === 0)
    throw new Error(
      `Unknown target. Use --only with one of ${TARGETS.map(({ name }) => name).join(', ')}.`,
    );
  return {
    seconds: Number(values.seconds ?? DEFAULT_SECONDS),
    seed: Number(values.seed ?? randomInt(HIGHEST_SEED)),
    targets,
    path: values.path,
    json: values.json,
  };
}

async function runAll({ seconds, seed, targets, path }: Options): Promise<TargetResult[]> {
  const shares = targets.reduce((sum, { share }) => sum + share, 0);
  const results: TargetResult[] = [];
  for (const target of targets) {
    const milliseconds = (seconds * 1_000 * target.share) / shares;
    const result = await fuzzTarget(target, { milliseconds, seed, path });
    process.stdout.write(
      `${target.name}: ${result.cases} cases${result.failure === null ? '' : `\n${result.failure}`}\n`,
    );
    results.push(result);
  }
  return results;
}

/**
 * Fuzzes one target on a product of its own, so that a broken product affects one target only and a
 * case repeats without those of the others.
 */
async function fuzzTarget(target: Target, limits: Limits): Promise<TargetResult> {
  const product = await startProduct();
  const tokens = Array.from({ length: USERS }, (_, index) => `dev:fuzz-${target.name}-${index}`);
  try {
    return await runTarget(target, {
      sender: { url: product.url, tokens },
      invariants: createInvariants(product),
      ...limits,
    });
  } finally {
    await product.kill();
  }
}

async function report(results: readonly TargetResult[], { seed, json }: Options): Promise<void> {
  const cases = results.reduce((sum, result) => sum + result.cases, 0);
  const failures = results.filter(({ failure }) => failure !== null).length;
  const seconds = Math.round((performance.now() - begun) / 1_000);
  if (failures > 0) process.exitCode = 1;
  if (json !== undefined)
    await writeFile(json, JSON.stringify({ passed: results.length - failures, failed: failures }));
  process.stdout.write(`${JSON.stringify({ seconds, seed, cases, failures })}\n`);
}
