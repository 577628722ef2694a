/** Types of the hostile inputs, and helpers for lists of them. */

export interface Target {
  url: string;
  /** The token of a user of this input alone. */
  token: string;
}

export interface HostileInput {
  /** The unique name, which `--only` accepts. */
  name: string;
  /** The group of the input, which `--only` accepts as well. */
  kind: string;
  /** The finding of the security review that the input reproduces. */
  finding: string;
  /** Sends the input and returns the responses in short: statuses, codes, close codes. */
  send(target: Target): Promise<string[]>;
}

/** Adds kind and finding to several inputs at once. */
export function ofKind(
  kind: string,
  finding: string,
  inputs: Record<string, HostileInput['send']>,
): HostileInput[] {
  return Object.entries(inputs).map(([name, send]) => ({ name, kind, finding, send }));
}

/** Returns how often each response came: `3 × 400 BAD_USER_INPUT, 200`. */
export function summarise(responses: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const response of responses) counts.set(response, (counts.get(response) ?? 0) + 1);
  return [...counts]
    .map(([response, count]) => (count === 1 ? response : `${count} × ${response}`))
    .join(', ');
}
