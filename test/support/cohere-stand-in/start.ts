/** The stand-in for Cohere as a separate process, and its control interface for tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.mjs', import.meta.url));
const KEY = 'stand-in-key';

export interface OrderedResponse {
  /** By default embed. */
  of?: 'embed' | 'rerank';
  /** The number of calls, by default one. */
  times?: number;
  /** By default the usual response, changed as the other fields say. */
  status?: number;
  headers?: Record<string, string>;
  /** A string is sent unchanged. */
  body?: unknown;
  delayMs?: number;
  /** Never responds. */
  hang?: boolean;
  /** How many vectors are missing. */
  tooFew?: number;
  dimensions?: number;
  /** true: null in place of a number; 'word': the bare word NaN, which is not JSON. */
  nan?: true | 'word';
}

export interface CohereOrder {
  /** Clears counts, responses and settings, before the rest of the same order applies. */
  reset?: boolean;
  responses?: OrderedResponse[];
  latencyMs?: number;
  /** Null: no limit. */
  inputsPerMinute?: number | null;
  /** The length of a minute. */
  windowMs?: number;
}

export interface CohereCounts {
  calls: number;
  texts: number;
  largestBatch: number;
  rerankCalls: number;
  /** Calls with a status of 400 or above. */
  refused: number;
  /** Calls rejected because of inputsPerMinute. */
  limited: number;
  /** Calls that the caller aborted. */
  abandoned: number;
  mostAtOnce: number;
  open: number;
  responsesLeft: number;
}

export interface CohereControl {
  order(order: CohereOrder): Promise<CohereCounts>;
  counts(): Promise<CohereCounts>;
}

export interface CohereStandIn extends CohereControl {
  readonly url: string;
  readonly apiKey: string;
  stop(): Promise<void>;
}

/** Returns the control interface of a running stand-in, such as that of `npm run services`. */
export function cohereControl(url: string): CohereControl {
  const ask = async (init?: RequestInit): Promise<CohereCounts> => {
    const response = await fetch(`${url}/control`, init);
    if (!response.ok) throw new Error(`the stand-in for Cohere responds with ${response.status}`);
    return (await response.json()) as CohereCounts;
  };
  return {
    order: (order) => ask({ method: 'POST', body: JSON.stringify(order) }),
    counts: () => ask(),
  };
}

export async function startCohereStandIn({
  dimensions = 384,
}: { dimensions?: number } = {}): Promise<CohereStandIn> {
  const child = spawn(process.execPath, [MAIN, '--key', KEY, '--dimensions', String(dimensions)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { url, apiKey: KEY, ...cohereControl(url), stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}
