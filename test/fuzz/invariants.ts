/** The invariants that hold after every case, and that nothing is left at the end. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { problemsOf, type FuzzResponse } from './responses.js';

/** The time after which a process counts as unresponsive rather than slow. */
const HEALTH_LIMIT_MS = 10_000;
const BOUNDS: Bounds = { healthMs: 500, leftoversMs: 60_000 };
const LEFTOVERS_EVERY_MS = 250;
const ERROR_LEVEL = 50;
/** Characters at the end of the logs that a report quotes. */
const LOG_TAIL = 1_500;

export interface Bounds {
  /** The longest time until /healthz responds. */
  healthMs: number;
  /** The longest time until documents have ended and files are deleted. */
  leftoversMs: number;
}

/** What the invariants need of a product. */
export interface Subject {
  readonly url: string;
  readonly dataDir: string;
  readonly exited: Promise<number | string>;
  logs(): string;
}

export interface Invariants {
  /** Runs a case. Throws BrokenInvariant if an invariant does not hold. */
  check(send: () => Promise<FuzzResponse[]>): Promise<void>;
  /** Throws BrokenInvariant if a document, a file or a working folder is left. */
  checkLeftovers(tokens: readonly string[]): Promise<void>;
}

export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

export function createInvariants(subject: Subject, bounds: Bounds = BOUNDS): Invariants {
  let ended: number | string | undefined;
  void subject.exited.then((code) => (ended = code));
  let checkedLength = subject.logs().length;

  async function check(send: () => Promise<FuzzResponse[]>): Promise<void> {
    const { responses, healthMs } = await sendAndProbe(subject.url, send);
    const logs = subject.logs();
    const problems = [...responses.flatMap(problemsOf), ...logProblems(logs.slice(checkedLength))];
    checkedLength = logs.length;
    if (healthMs > bounds.healthMs) problems.push(...(await confirmSlow(send, healthMs)));
    await sleep(0);
    if (ended !== undefined)
      problems.unshift(
        `the process ended with ${ended}, possibly because of a case a few seconds ago: ${stderrTail(subject.logs())}`,
      );
    if (problems.length > 0) throw new BrokenInvariant([...new Set(problems)].join('; '));
  }

  /**
   * Repeats the case: a busy machine is slow once, an input that blocks the loop blocks it twice.
   */
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

/** Requests /healthz during the case and after it. Returns the longer of the two times. */
async function sendAndProbe(
  url: string,
  send: () => Promise<FuzzResponse[]>,
): Promise<{ responses: FuzzResponse[]; healthMs: number }> {
  const sending = send();
  const duringMs = await measureHealth(url);
  const responses = await sending;
  return { responses, healthMs: Math.max(duringMs, await measureHealth(url)) };
}

async function measureHealth(url: string): Promise<number> {
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
 * Returns a problem for each log line at level error, because an input of a client is not an error
 * of the service.
 */
function logProblems(logs: string): string[] {
  return logs
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .filter((line) => Number(/"level":(\d+)/.exec(line)?.[1]) >= ERROR_LEVEL)
    .map((line) => `logged at level error: ${line.slice(0, 400)}`);
}

/** Returns the error that Node prints when it ends a process, and the lines before it. */
function stderrTail(logs: string): string {
  return logs.slice(-LOG_TAIL);
}

async function checkLeftovers(
  { url, dataDir }: Subject,
  tokens: readonly string[],
  limitMs: number,
): Promise<void> {
  const end = performance.now() + limitMs;
  for (const token of tokens) await deleteTerminal(url, token, end);
  let leftovers = ['not checked yet'];
  while (leftovers.length > 0 && performance.now() < end) {
    leftovers = [...(await findFiles(dataDir)), ...(await findDocuments(url, tokens))];
    if (leftovers.length > 0) await sleep(LEFTOVERS_EVERY_MS);
  }
  if (leftovers.length > 0)
    throw new BrokenInvariant(`left over: ${leftovers.slice(0, 5).join(', ')}`);
}

/** Returns the stored files and the working folders of readers. */
async function findFiles(dataDir: string): Promise<string[]> {
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

/** Deletes the documents of a user after all of them have ended. */
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

async function findDocuments(url: string, tokens: readonly string[]): Promise<string[]> {
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
