/** Watches documents as clients do: over graphql-transport-ws and server-sent events. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { subscribe, subscribeSse, type GraphqlError } from './client.js';

export interface StatusEventSeen {
  kind: 'SNAPSHOT' | 'CHANGE' | 'PROGRESS';
  documentId: string;
  seq: number;
  status: string;
  previousStatus: string | null;
  progress: { done: number; total: number | null; percent: number };
  attempt: number;
  generation: number;
  error: { code: string } | null;
  vectorCount: number;
  message: string;
  occurredAt: string;
  document: { id: string; seq: number; status: string; progress: { done: number } } | null;
}

export interface Watch {
  documentId?: string;
  afterSeq?: number;
  completeOnTerminal?: boolean;
}

const WATCH = `subscription Watch($documentId: ID, $afterSeq: Int, $completeOnTerminal: Boolean! = false) {
  documentStatus(documentId: $documentId, afterSeq: $afterSeq, completeOnTerminal: $completeOnTerminal) {
    kind documentId seq status previousStatus progress { done total percent } attempt generation error { code } vectorCount message occurredAt
    document { id seq status progress { done } }
  }
}`;

export type Watching = AsyncGenerator<StatusEventSeen, void, void>;

export interface Transport {
  transport: string;
  watch(url: string, token: string | null, watch: Watch): Watching;
}

export const TRANSPORTS: Transport[] = [
  {
    transport: 'graphql-ws',
    watch: (url, token, watch) => events(subscribe(url, token, WATCH, { ...watch })),
  },
  {
    transport: 'SSE',
    watch: (url, token, watch) => events(subscribeSse(url, token, WATCH, { ...watch })),
  },
];

async function* events(stream: AsyncGenerator<{ documentStatus: StatusEventSeen }>): Watching {
  for await (const { documentStatus } of stream) yield documentStatus;
}

/** Returns the next `count` events; the stream stays open. */
export async function take(stream: Watching, count: number): Promise<StatusEventSeen[]> {
  const seen: StatusEventSeen[] = [];
  while (seen.length < count) seen.push(await next(stream));
  return seen;
}

/** Returns the events up to the first that fits, inclusive; the stream stays open. */
export async function takeUntil(
  stream: Watching,
  fits: (event: StatusEventSeen) => boolean,
): Promise<StatusEventSeen[]> {
  const seen: StatusEventSeen[] = [];
  for (;;) {
    const event = await next(stream);
    seen.push(event);
    if (fits(event)) return seen;
  }
}

/** Returns all events until the server ends the stream. */
export async function takeAll(stream: Watching): Promise<StatusEventSeen[]> {
  const seen: StatusEventSeen[] = [];
  for await (const event of stream) seen.push(event);
  return seen;
}

async function next(stream: Watching): Promise<StatusEventSeen> {
  const result = await stream.next();
  if (result.done === true) throw new Error('the stream has ended');
  return result.value;
}

/** Returns the extensions of the errors that reject a stream before its first event. */
export async function refusalOf(
  stream: AsyncGenerator<unknown>,
): Promise<GraphqlError['extensions'][]> {
  try {
    for await (const value of stream) throw new Error(`an event came: ${JSON.stringify(value)}`);
  } catch (error) {
    if (Array.isArray(error)) return (error as GraphqlError[]).map(({ extensions }) => extensions);
    const [, json] = /^HTTP 200: (.*)$/s.exec(error instanceof Error ? error.message : '') ?? [];
    if (json === undefined) throw error;
    return (JSON.parse(json) as GraphqlError[]).map(({ extensions }) => extensions);
  }
  throw new Error('the stream ended without an error');
}

/** Returns the close code of a socket after `connection_init` with this payload. */
export async function closeCodeAfterInit(url: string, payload: unknown): Promise<number> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload }));
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}
