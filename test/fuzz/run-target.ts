/** Runs one target for its time and then checks for leftovers. */
import { BrokenInvariant, type Invariants } from './invariants.js';
import type { Failure, Limits, Sender, Target } from './target.js';

export interface TargetResult {
  cases: number;
  /** The broken invariant and the command that repeats it; null if every case passed. */
  failure: string | null;
}

interface TargetRun extends Limits {
  sender: Sender;
  invariants: Invariants;
}

const SHOWN_CHARACTERS = 3_000;
/** A run of one character, which a report shortens to its ends. */
const LONG_RUN = /(.)\1{40,}/g;

export async function runTarget(
  target: Target,
  { sender, invariants, ...limits }: TargetRun,
): Promise<TargetResult> {
  let cases = 0;
  let latest = Promise.resolve();
  const check: Invariants['check'] = (send) => {
    cases += 1;
    latest = invariants.check(send);
    return latest;
  };
  const failure =
    (await target.run(sender, check, limits)) ??
    (await catchFailure(() => checkEnd(latest, invariants, sender)));
  return { cases, failure: failure === null ? null : describe(failure, target, limits) };
}

/** Waits for the last case, which fast-check leaves running at the end of its time. */
async function checkEnd(
  latest: Promise<void>,
  invariants: Invariants,
  { tokens }: Sender,
): Promise<void> {
  await latest;
  await invariants.checkLeftovers(tokens);
}

async function catchFailure(action: () => Promise<void>): Promise<Failure | null> {
  try {
    await action();
    return null;
  } catch (error) {
    return { error, path: null, shown: 'all cases together' };
  }
}

function describe({ error, path, shown }: Failure, { name }: Target, { seed }: Limits): string {
  const repeat = `npm run fuzz -- --only ${name} --seed ${seed}`;
  const alone = path === null ? '' : `\nrepeat this case alone with: ${repeat} --path ${path}`;
  const example = shown.replace(LONG_RUN, '$1…$1').slice(0, SHOWN_CHARACTERS);
  return `FAILED ${name}: ${messageOf(error)}\ncase: ${example}${alone}\nrepeat all cases with: ${repeat}`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof BrokenInvariant ? error.message : (error.stack ?? error.message);
}
