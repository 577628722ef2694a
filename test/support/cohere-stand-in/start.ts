/** The stand-in for Cohere as a process of its own, and its door for tests. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.mjs', import.meta.url));
const KEY = 'stand-in-key';

export interface OrderedAnswer {
  /** Left out: embed. */
  of?: 'embed' | 'rerank';
  /** For so many calls. Left out: one. */
  times?: number;
  /** Left out: the usual answer, spoiled as the other fields say. */
  status?: number;
  headers?: Record<string, string>;
  /** A string is sent as it is. */
  body?: unknown;
  delayMs?: number;
  /** No answer until the caller gives up. */
  hang?: boolean;
  /** So many vectors are missing. */
  tooFew?: number;
  dimensions?: number;
  /** true: null in the place of a number; 'word': the bare word NaN, which is no JSON. */
  nan?: true | 'word';
}

export interface CohereOrder {
  /** Forgets counts, answers and settings, before everything else in the same order. */
  reset?: boolean;
  answers?: OrderedAnswer[];
  latencyMs?: number;
  /** Null: without limit. */
  inputsPerMinute?: number | null;
  /** How long a minute is. */
  windowMs?: number;
}

export interface CohereCounts {
  calls: number;
  texts: number;
  largestBatch: number;
  rerankCalls: number;
  /** Answered with 400 or above. */
  refused: number;
  /** Refused because of inputsPerMinute. */
  limited: number;
  /** Given up by the caller. */
  abandoned: number;
  mostAtOnce: number;
  open: number;
  answersLeft: number;
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

/** The door of a stand-in that runs already, such as the one of `npm run services`. */
export function cohereControl(url: string): CohereControl {
  const ask = async (init?: RequestInit): Promise<CohereCounts> => {
    const response = await fetch(`${url}/control`, init);
    if (!response.ok) throw new Error(`the stand-in for Cohere answers ${response.status}`);
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
