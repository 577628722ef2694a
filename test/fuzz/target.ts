/** A target of the fuzzer: how its cases look, and how one is sent. */
import type { Arbitrary } from 'fast-check';
import type { FuzzResponse } from './responses.js';

export interface Sender {
  url: string;
  /** Tokens of the target's own users. Several, so that limits per user seldom apply. */
  tokens: readonly string[];
}

export interface Target<Case> {
  name: string;
  /** Its part of the time, relative to the others. */
  share: number;
  cases: Arbitrary<Case>;
  send(sender: Sender, one: Case): Promise<FuzzResponse[]>;
}

/** A target whose cases nobody else looks into. */
export type AnyTarget = Target<never>;

/** Every number is the token of some user. */
export function tokenOf({ tokens }: Sender, index: number): string {
  return tokens[index % tokens.length] ?? '';
}
