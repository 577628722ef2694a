/** What a hostile input is, and what its sender knows. */

export interface Target {
  url: string;
  /** The token of a user that only this input has. */
  token: string;
}

export interface HostileInput {
  /** Unique; `--only` takes it. */
  name: string;
  /** The group it belongs to; `--only` takes it as well. */
  kind: string;
  /** The finding of the review that it stands for. */
  finding: string;
  /** Sends it and returns what the service responded, in short: statuses, codes, close codes. */
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

/** `3 × 400 BAD_USER_INPUT, 200`: what came how often. */
export function summarise(responses: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const response of responses) counts.set(response, (counts.get(response) ?? 0) + 1);
  return [...counts]
    .map(([response, count]) => (count === 1 ? response : `${count} × ${response}`))
    .join(', ');
}
