/** A target of the fuzzer: how its cases look, and how one is sent. */
import fc, { type Arbitrary } from 'fast-check';
import type { FuzzResponse } from './responses.js';

export interface Sender {
  url: string;
  /** Tokens of the target's own users. Several, so that limits per user seldom apply. */
  tokens: readonly string[];
}

interface Definition<Case> {
  name: string;
  /** Its part of the time, relative to the others. */
  share: number;
  cases: Arbitrary<Case>;
  send(sender: Sender, one: Case): Promise<FuzzResponse[]>;
  /** What is sent, for a person; left out: the case as it was generated. */
  show?(one: Case): unknown;
}

export interface Limits {
  seed: number;
  /** Of a failure: that case alone is sent. */
  path: string | undefined;
  milliseconds: number;
}

export interface Failure {
  error: unknown;
  /** Repeats the case, together with the seed. */
  path: string | null;
  shown: string;
}

export type Check = (send: () => Promise<FuzzResponse[]>) => Promise<void>;

export interface Target {
  name: string;
  share: number;
  /** Checks one case after the other until one fails or the time is over. Null: none has failed. */
  run(sender: Sender, check: Check, limits: Limits): Promise<Failure | null>;
}

const MOST_CASES = 1_000_000;

export function defineTarget<Case>({ name, share, cases, send, show }: Definition<Case>): Target {
  async function run(
    sender: Sender,
    check: Check,
    { seed, path, milliseconds }: Limits,
  ): Promise<Failure | null> {
    const details = await fc.check(
      fc.asyncProperty(cases, (one) => check(() => send(sender, one))),
      {
        seed,
        ...(path !== undefined && { path }),
        numRuns: path === undefined ? MOST_CASES : 1,
        // A product that has ended cannot take smaller cases.
        endOnFailure: true,
        interruptAfterTimeLimit: milliseconds,
        markInterruptAsFailure: false,
      },
    );
    if (!details.failed || details.counterexample === null) return null;
    const [one] = details.counterexample;
    return {
      error: details.errorInstance,
      path: details.counterexamplePath,
      shown: fc.stringify(show === undefined ? one : show(one)),
    };
  }
  return { name, share, run };
}

/** Every number is the token of some user. */
export function tokenOf({ tokens }: Sender, index: number): string {
  return tokens[index % tokens.length] ?? '';
}
