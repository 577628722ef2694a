/** Runs one target for its time, and then looks at what it has left. */
import { BrokenInvariant, type Invariants } from './invariants.js';
import type { Failure, Limits, Sender, Target } from './target.js';

export interface TargetResult {
  cases: number;
  /** What is broken and the command that repeats it; null if nothing is. */
  failure: string | null;
}

interface Run extends Limits {
  sender: Sender;
  invariants: Invariants;
}

const SHOWN_CHARACTERS = 3_000;
/** Of a run of one character its ends are shown. */
const LONG_RUN = /(.)\1{40,}/g;

export async function runTarget(
  target: Target,
  { sender, invariants, ...limits }: Run,
): Promise<TargetResult> {
  let cases = 0;
  let latest = Promise.resolve();
  const check: Invariants['check'] = (send) => {
    cases += 1;
    latest = invariants.check(send);
    return latest;
  };
  const found =
    (await target.run(sender, check, limits)) ??
    (await failureOf(() => endOf(latest, invariants, sender)));
  return { cases, failure: found === null ? null : describe(found, target, limits) };
}

/** When its time is over the library leaves the latest case alone, which is still running. */
async function endOf(
  latest: Promise<void>,
  invariants: Invariants,
  { tokens }: Sender,
): Promise<void> {
  await latest;
  await invariants.checkLeftovers(tokens);
}

async function failureOf(action: () => Promise<void>): Promise<Failure | null> {
  try {
    await action();
    return null;
  } catch (error) {
    return { error, path: null, shown: 'the cases together' };
  }
}

function describe({ error, path, shown }: Failure, { name }: Target, { seed }: Limits): string {
  const repeat = `npm run fuzz -- --only ${name} --seed ${seed}`;
  const alone = path === null ? '' : `\nrepeat the case alone with: ${repeat} --path ${path}`;
  const example = shown.replace(LONG_RUN, '$1…$1').slice(0, SHOWN_CHARACTERS);
  return `FAILED ${name}: ${messageOf(error)}\ncase: ${example}${alone}\nrepeat it with: ${repeat}`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof BrokenInvariant ? error.message : (error.stack ?? error.message);
}
