/** What must hold after every case, and what must be left at the end: nothing. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { problemsOf, type FuzzResponse } from './responses.js';

/** A process that has not responded by then is not merely slow. */
const HEALTH_LIMIT_MS = 10_000;
const BOUNDS: Bounds = { healthMs: 500, leftoversMs: 60_000 };
const LEFTOVERS_EVERY_MS = 250;
const ERROR_LEVEL = 50;
const LAST_WORDS = 1_500;

export interface Bounds {
  /** Within which /healthz responds. */
  healthMs: number;
  /** After which documents have ended and files are gone. */
  leftoversMs: number;
}

/** The part of a product that the invariants look at. */
export interface Subject {
  readonly url: string;
  readonly dataDir: string;
  readonly exited: Promise<number | string>;
  logs(): string;
}

export interface Invariants {
  /** Runs a case and throws if anything is broken. */
  check(send: () => Promise<FuzzResponse[]>): Promise<void>;
  /** Throws if a document, a file or a working folder is left. */
  checkLeftovers(tokens: readonly string[]): Promise<void>;
}

export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

export function createInvariants(subject: Subject, bounds: Bounds = BOUNDS): Invariants {
  let ended: number | string | undefined;
  void subject.exited.then((code) => (ended = code));
  let logsSeen = subject.logs().length;

  async function check(send: () => Promise<FuzzResponse[]>): Promise<void> {
    const { responses, healthMs } = await sendAndProbe(subject.url, send);
    const logs = subject.logs();
    const problems = [...responses.flatMap(problemsOf), ...logProblems(logs.slice(logsSeen))];
    logsSeen = logs.length;
    if (healthMs > bounds.healthMs) problems.push(...(await confirmSlow(send, healthMs)));
    await sleep(0);
    if (ended !== undefined)
      problems.unshift(
        `the process ended with ${ended}, perhaps by a case a few seconds ago: ${lastWords(subject.logs())}`,
      );
    if (problems.length > 0) throw new BrokenInvariant([...new Set(problems)].join('; '));
  }

  /** A busy machine is slow once. An input that stops the loop stops it again. */
  async function confirmSlow(
    send: () => Promise<FuzzResponse[]>,
    firstMs: number,
  ): Promise<string[]> {
    if (firstMs >= HEALTH_LIMIT_MS)
      return [`/healthz did not respond within ${HEALTH_LIMIT_MS} ms`];
    const { healthMs } = await sendAndProbe(subject.url, send);
    const slowest = Math.min(firstMs, healthMs);
    return slowest > bounds.healthMs ? [`/healthz took ${Math.round(slowest)} ms, twice`] : [];
  }

  return { check, checkLeftovers: (tokens) => checkLeftovers(subject, tokens, bounds.leftoversMs) };
}

/** Asks /healthz while the case runs and after it; the slower of the two counts. */
async function sendAndProbe(
  url: string,
  send: () => Promise<FuzzResponse[]>,
): Promise<{ responses: FuzzResponse[]; healthMs: number }> {
  const sending = send();
  const during = await healthMs(url);
  const responses = await sending;
  return { responses, healthMs: Math.max(during, await healthMs(url)) };
}

async function healthMs(url: string): Promise<number> {
  const begun = performance.now();
  try {
    await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) }).then(
      (response) => response.arrayBuffer(),
    );
    return performance.now() - begun;
  } catch {
    return HEALTH_LIMIT_MS;
  }
}

/**
 * Every line is the logger's, and none is at level error: what a client sends is no fault of the
 * service.
 */
function logProblems(logs: string): string[] {
  return logs
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .filter((line) => Number(/"level":(\d+)/.exec(line)?.[1]) >= ERROR_LEVEL)
    .map((line) => `logged at level error: ${line.slice(0, 400)}`);
}

/** What Node prints when a process ends by an error, and what was logged before. */
function lastWords(logs: string): string {
  return logs.slice(-LAST_WORDS);
}

async function checkLeftovers(
  { url, dataDir }: Subject,
  tokens: readonly string[],
  limitMs: number,
): Promise<void> {
  const end = performance.now() + limitMs;
  for (const token of tokens) await deleteTerminal(url, token, end);
  let left = ['not looked yet'];
  while (left.length > 0 && performance.now() < end) {
    left = [...(await filesLeft(dataDir)), ...(await rowsLeft(url, tokens))];
    if (left.length > 0) await sleep(LEFTOVERS_EVERY_MS);
  }
  if (left.length > 0) throw new BrokenInvariant(`left over: ${left.slice(0, 5).join(', ')}`);
}

/** Stored files and working folders of readers. */
async function filesLeft(dataDir: string): Promise<string[]> {
  const blobs = await readdir(join(dataDir, 'blobs')).catch(() => []);
  const work = await readdir(join(dataDir, 'work'), { recursive: true }).catch(() => []);
  return [
    ...blobs.map((name) => `file ${name}`),
    ...work.filter((path) => path.includes('document-')).map((path) => `folder ${path}`),
  ];
}

const PAGE = '{ documents(first: 100) { totalCount edges { node { id status } } } }';
const DELETE = 'mutation($id: ID!) { deleteDocument(id: $id) { id } }';

interface Page {
  totalCount: number;
  edges: { node: { id: string; status: string } }[];
}

/** Deletes a user's documents once all of them have ended. */
async function deleteTerminal(url: string, token: string, end: number): Promise<void> {
  while (performance.now() < end) {
    const page = await documentsOf(url, token);
    if (page?.totalCount === 0) return;
    const nodes = page?.edges.map(({ node }) => node) ?? [];
    const running = nodes.filter(({ status }) => !['COMPLETED', 'FAILED'].includes(status));
    for (const { id } of nodes) if (running.length === 0) await ask(url, token, DELETE, { id });
    if (running.length > 0 || page === null) await sleep(LEFTOVERS_EVERY_MS);
  }
  throw new BrokenInvariant(`documents of ${token} did not end in time`);
}

async function rowsLeft(url: string, tokens: readonly string[]): Promise<string[]> {
  const counts = await Promise.all(
    tokens.map(async (token) => (await documentsOf(url, token))?.totalCount ?? 0),
  );
  return counts.filter((count) => count > 0).map((count) => `${count} documents`);
}

async function documentsOf(url: string, token: string): Promise<Page | null> {
  const body = (await ask(url, token, PAGE, {})) as { data?: { documents?: Page } | null } | null;
  return body?.data?.documents ?? null;
}

async function ask(url: string, token: string, query: string, variables: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables }),
  });
  return response.json().catch(() => null);
}
