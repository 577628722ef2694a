/** Runs one target for its time. */
import fc, { type RunDetails } from 'fast-check';
import type { Invariants } from './invariants.js';
import type { AnyTarget, Sender, Target } from './target.js';

export interface TargetResult {
  cases: number;
  /** What is broken and the command that repeats it; null if nothing is. */
  failure: string | null;
}

interface Run {
  sender: Sender;
  invariants: Invariants;
  milliseconds: number;
  seed: number;
  /** Of a failure, to repeat that one. */
  path: string | undefined;
}

const MOST_CASES = 1_000_000;
const SHOWN_CHARACTERS = 3_000;

export async function runTarget(target: AnyTarget, run: Run): Promise<TargetResult> {
  const { cases, send } = target as unknown as Target<unknown>;
  let sent = 0;
  let latest = Promise.resolve();
  const property = fc.asyncProperty(cases, (one) => {
    sent += 1;
    latest = run.invariants.check(() => send(run.sender, one));
    return latest;
  });
  const details = await fc.check(property, {
    seed: run.seed,
    ...(run.path !== undefined && { path: run.path }),
    numRuns: run.path === undefined ? MOST_CASES : 1,
    // A product that has ended cannot take smaller cases.
    endOnFailure: true,
    interruptAfterTimeLimit: run.milliseconds,
    markInterruptAsFailure: false,
  });
  return { cases: sent, failure: toFailure(details, target.name) ?? (await untilNothingIsLeft(latest, run, target.name)) };
}

/** When its time is over the library leaves the latest case alone, which is still running. */
async function untilNothingIsLeft(latest: Promise<void>, { invariants, sender, seed }: Run, name: string): Promise<string | null> {
  try {
    await latest;
    await invariants.checkLeftovers(sender.tokens);
    return null;
  } catch (error) {
    return `FAILED ${name}: ${messageOf(error)}\nrepeat it with: npm run fuzz -- --only ${name} --seed ${seed}`;
  }
}

function toFailure(details: RunDetails<[unknown]>, name: string): string | null {
  if (!details.failed) return null;
  const { seed, counterexamplePath, counterexample, errorInstance } = details;
  const example = fc.stringify(counterexample?.[0]).slice(0, SHOWN_CHARACTERS);
  const repeat = `npm run fuzz -- --only ${name} --seed ${seed}${counterexamplePath === null ? '' : ` --path ${counterexamplePath}`}`;
  return `FAILED ${name}: ${messageOf(errorInstance)}\ncase: ${example}\nrepeat it with: ${repeat}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.name === 'BrokenInvariant'
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
}
