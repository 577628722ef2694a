/** A target of the fuzzer: generates cases and sends them. */
import fc, { type Arbitrary } from 'fast-check';
import type { FuzzResponse } from './responses.js';

export interface Sender {
  url: string;
  /** Tokens of several users of this target, so that limits per user seldom apply. */
  tokens: readonly string[];
}

interface Definition<Case> {
  name: string;
  /** The share of the time, relative to the other targets. */
  share: number;
  cases: Arbitrary<Case>;
  send(sender: Sender, testCase: Case): Promise<FuzzResponse[]>;
  /** Returns what is sent, for a person to read; the generated case by default. */
  show?(testCase: Case): unknown;
}

export interface Limits {
  seed: number;
  /** The path of a failed case, which is then the only one. */
  path: string | undefined;
  milliseconds: number;
}

export interface Failure {
  error: unknown;
  /** Repeats the case, together with the seed; null for a failure of all cases together. */
  path: string | null;
  shown: string;
}

export type Check = (send: () => Promise<FuzzResponse[]>) => Promise<void>;

export interface Target {
  name: string;
  share: number;
  /** Checks cases until one fails or the time is over. Returns null if no case failed. */
  run(sender: Sender, check: Check, limits: Limits): Promise<Failure | null>;
}

const MAX_CASES = 1_000_000;

export function defineTarget<Case>({ name, share, cases, send, show }: Definition<Case>): Target {
  async function run(
    sender: Sender,
    check: Check,
    { seed, path, milliseconds }: Limits,
  ): Promise<Failure | null> {
    const details = await fc.check(
      fc.asyncProperty(cases, (testCase) => check(() => send(sender, testCase))),
      {
        seed,
        ...(path !== undefined && { path }),
        numRuns: path === undefined ? MAX_CASES : 1,
        // A product that has ended cannot run smaller cases.
        endOnFailure: true,
        interruptAfterTimeLimit: milliseconds,
        markInterruptAsFailure: false,
      },
    );
    if (!details.failed || details.counterexample === null) return null;
    const [testCase] = details.counterexample;
    return {
      error: details.errorInstance,
      path: details.counterexamplePath,
      shown: fc.stringify(show === undefined ? testCase : show(testCase)),
    };
  }
  return { name, share, run };
}

/** Returns the token of a user for any index. */
export function tokenOf({ tokens }: Sender, index: number): string {
  return tokens[index % tokens.length] ?? '';
}
