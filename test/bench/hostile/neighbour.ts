/**
 * A well-behaved user beside the hostile one: requests /healthz every 50 ms, searches, and uploads
 * one page after another.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { newUser } from '../../support/documents.js';
import { askUpload, ask } from '../../support/client.js';
import { residentBytes } from '../resident-memory.js';

const HEALTH_EVERY_MS = 50;
const SEARCH_PAUSE_MS = 100;
const UPLOAD_PAUSE_MS = 200;
const STATUS_EVERY_MS = 50;
const RETRY_MS = 100;
const REQUEST_MS = 60_000;
const RSS_EVERY_MS = 100;
const MIB = 1024 * 1024;

export interface Worst {
  gapMs: number;
  searchMs: number;
  uploadMs: number;
  rssMiB: number;
  /** The longest delay of this process's event loop, which each of the others may include. */
  clientDelayMs: number;
}

export interface Neighbour {
  /** Returns the worst figures since the last reset, including work in flight. */
  worst(): Worst;
  reset(): void;
  /** Returns true after the end of a search and an upload that began after the reset. */
  hasSettled(): boolean;
  stop(): Promise<void>;
}

interface Activity {
  worstMs(): number;
  reset(): void;
  hasSettled(): boolean;
  ended: Promise<void>;
}

export function startNeighbour(url: string, pid: number): Neighbour {
  const stopping = new AbortController();
  const { signal } = stopping;
  const token = newUser('neighbour');
  const health = repeat(signal, HEALTH_EVERY_MS, () => isHealthy(url, signal));
  const search = repeat(signal, SEARCH_PAUSE_MS, () => searchOnce(url, token));
  const upload = repeat(signal, UPLOAD_PAUSE_MS, () => uploadOnce(url, token, signal));
  const memory = sampleMemory(signal, pid);
  const loopDelay = monitorEventLoopDelay({ resolution: 10 });
  loopDelay.enable();
  return {
    worst: () => ({
      gapMs: health.worstMs(),
      searchMs: search.worstMs(),
      uploadMs: upload.worstMs(),
      rssMiB: memory.highestMiB(),
      clientDelayMs: loopDelay.max / 1e6,
    }),
    reset: () => {
      for (const figure of [health, search, upload, memory, loopDelay]) figure.reset();
    },
    hasSettled: () => search.hasSettled() && upload.hasSettled(),
    stop: async () => {
      stopping.abort();
      loopDelay.disable();
      await Promise.race([
        Promise.all([health.ended, search.ended, upload.ended]),
        sleep(RETRY_MS),
      ]);
    },
  };
}

/**
 * Repeats an action until the signal aborts, and retries it after a failure. Its time runs from its
 * first attempt to its success.
 */
function repeat(signal: AbortSignal, pauseMs: number, attempt: () => Promise<boolean>): Activity {
  let began: number | undefined;
  let worst = 0;
  let endedSinceReset = 0;
  async function run(): Promise<void> {
    while (!signal.aborted) {
      began = performance.now();
      while (!signal.aborted && !(await attempt().catch(() => false))) await sleep(RETRY_MS);
      worst = Math.max(worst, performance.now() - began);
      endedSinceReset += 1;
      began = undefined;
      await sleep(pauseMs);
    }
  }
  return {
    worstMs: () => Math.max(worst, began === undefined ? 0 : performance.now() - began),
    reset: () => {
      worst = 0;
      endedSinceReset = began === undefined ? 0 : -1;
    },
    hasSettled: () => endedSinceReset > 0,
    ended: run(),
  };
}

async function isHealthy(url: string, signal: AbortSignal): Promise<boolean> {
  const response = await fetch(`${url}/healthz`, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
  });
  await response.arrayBuffer();
  return response.ok;
}

async function searchOnce(url: string, token: string): Promise<boolean> {
  const { errors } = await ask(
    url,
    token,
    '{ search(query: "keepers of the harbour") { text score } }',
  );
  return errors.length === 0;
}

let page = 0;

async function uploadOnce(url: string, token: string, signal: AbortSignal): Promise<boolean> {
  page += 1;
  const file = {
    name: `page-${page}.txt`,
    content: `Page ${page}. The keepers of the harbour count the ships. `.repeat(12),
  };
  const { data } = await askUpload(url, token, file);
  const id = data?.uploadDocument.document.id;
  if (id === undefined) return false;
  while (!signal.aborted && !(await hasCompleted(url, token, id))) await sleep(STATUS_EVERY_MS);
  await ask(url, token, 'mutation($id: ID!) { deleteDocument(id: $id) { id } }', { id });
  return true;
}

async function hasCompleted(url: string, token: string, id: string): Promise<boolean> {
  const { data } = await ask<{ document: { status: string } | null }>(
    url,
    token,
    'query($id: ID!) { document(id: $id) { status } }',
    {
      id,
    },
  );
  return data?.document?.status === 'COMPLETED';
}

function sampleMemory(signal: AbortSignal, pid: number): { highestMiB(): number; reset(): void } {
  let latest = 0;
  let highest = 0;
  async function sample(): Promise<void> {
    // The memory of a process that ended counts as 0.
    latest = (await residentBytes(pid).catch(() => 0)) || 0;
    highest = Math.max(highest, latest);
  }
  const timer = setInterval(() => void sample(), RSS_EVERY_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  return {
    highestMiB: () => highest / MIB,
    reset: () => {
      highest = latest;
    },
  };
}
