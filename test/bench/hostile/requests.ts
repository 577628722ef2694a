/**
 * HTTP as no proper client sends it: bodies as they are, one connection per request, a time limit,
 * and never an exception.
 */
import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './input.js';

export type Body = string | Buffer | Iterable<Buffer>;

export interface Sent {
  path?: string;
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: Body;
  /** Left out: the input's own token; null: none. */
  token?: string | null;
  timeoutMs?: number;
}

export interface Received {
  /** 0 if no response came. */
  status: number;
  text: string;
  /** The name of the error if no response came. */
  problem: string;
}

export const JSON_BODY = { 'content-type': 'application/json' };
export const PREFLIGHT = { 'apollo-require-preflight': 'true' };
export const EVENT_STREAM = { ...JSON_BODY, accept: 'text/event-stream' };
const TIMEOUT_MS = 20_000;
/** The rest of a longer response is read and dropped. */
const KEPT_CHARACTERS = 4_000_000;
const BOUNDARY = 'hostile-boundary';

export async function exchange(target: Target, sent: Sent): Promise<Received> {
  const {
    path = '/graphql',
    method = 'POST',
    headers = {},
    body = '',
    token = target.token,
    timeoutMs = TIMEOUT_MS,
  } = sent;
  const deadline = AbortSignal.timeout(timeoutMs);
  const length =
    typeof body === 'string' || Buffer.isBuffer(body)
      ? { 'content-length': Buffer.byteLength(body) }
      : {};
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  try {
    const outgoing = request(target.url, {
      path,
      method,
      agent: false,
      signal: deadline,
      headers: { ...length, ...authorization, ...headers },
    });
    const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.on('error', () => undefined);
    if (typeof body === 'string' || Buffer.isBuffer(body)) outgoing.end(body);
    else Readable.from(body).pipe(outgoing);
    const [response] = await responded;
    return { status: response.statusCode ?? 0, text: await readAll(response), problem: '' };
  } catch (error) {
    const { code, name } = error as Error & { code?: string };
    return {
      status: 0,
      text: '',
      problem: deadline.aborted ? 'no response in time' : (code ?? name),
    };
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8'))
    if (text.length < KEPT_CHARACTERS) text += part as string;
  return text;
}

/** `400 BAD_USER_INPUT`: the status and every code in the body. */
export function inShort({ status, text, problem }: Received): string {
  const codes = [...text.matchAll(/"code":"([A-Z_]+)"/g)].map(([, code]) => code);
  return [status === 0 ? problem : String(status), ...new Set(codes)].join(' ');
}

export async function send(target: Target, sent: Sent): Promise<string> {
  return inShort(await exchange(target, sent));
}

export function graphqlBody(query: string, variables: unknown = {}): string {
  return JSON.stringify({ query, variables });
}

export async function postGraphql(
  target: Target,
  query: string,
  variables: unknown = {},
  more: Sent = {},
): Promise<string> {
  return send(target, { headers: JSON_BODY, body: graphqlBody(query, variables), ...more });
}

/** So many at once. */
export async function atOnce(
  times: number,
  action: (index: number) => Promise<string>,
): Promise<string[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => action(index)));
}

export interface MultipartPart {
  name: string;
  filename?: string;
  content: string | Buffer;
}

export function multipart(parts: readonly MultipartPart[]): Buffer {
  const pieces = parts.flatMap(({ name, filename, content }) => [
    multipartHead(name, filename),
    toBuffer(content),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...pieces, multipartEnd()]);
}

function multipartHead(name: string, filename?: string): Buffer {
  const disposition = `form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}`;
  return Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\n\r\n`);
}

function multipartEnd(): Buffer {
  return Buffer.from(`--${BOUNDARY}--\r\n`);
}

function toBuffer(content: string | Buffer): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : content;
}

export const MULTIPART_BODY = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };

export interface HostileFile {
  name: string;
  content: string | Buffer | (() => Iterable<Buffer>);
  /** How many are uploaded at once, each as a document of its own. */
  times?: number;
  /** Left out: the whole file in one piece. */
  pieceBytes?: number;
}

const TERMINAL_MS = 30_000;
/** What is embedded has been read: the work that is left is that of any long text. */
const EMBEDDED_MS = 6_000;

/**
 * Uploads it over REST and waits until each document is terminal, 30 s at most, or has been
 * embedded for a while.
 */
export async function uploadFile(target: Target, file: HostileFile): Promise<string[]> {
  return atOnce(file.times ?? 1, async () => {
    const received = await exchange(target, {
      path: '/api/documents/upload',
      headers: MULTIPART_BODY,
      body: fileBody(file),
      timeoutMs: TERMINAL_MS,
    });
    if (received.status !== 202) return inShort(received);
    const { documentId } = JSON.parse(received.text) as { documentId: string };
    return untilTerminal(target, documentId);
  });
}

function fileBody({ name, content, pieceBytes, times = 1 }: HostileFile): Iterable<Buffer> {
  const force = times > 1 ? multipartHead('force').toString() + 'true\r\n' : '';
  const head = Buffer.concat([Buffer.from(force), multipartHead('file', name)]);
  const whole = typeof content === 'function' ? content() : inPieces(toBuffer(content), pieceBytes);
  return joined(head, whole, Buffer.concat([Buffer.from('\r\n'), multipartEnd()]));
}

function* joined(head: Buffer, middle: Iterable<Buffer>, end: Buffer): Iterable<Buffer> {
  yield head;
  yield* middle;
  yield end;
}

function* inPieces(content: Buffer, pieceBytes = Math.max(1, content.length)): Iterable<Buffer> {
  for (let at = 0; at < content.length; at += pieceBytes)
    yield content.subarray(at, at + pieceBytes);
}

const STATUS = 'query($id: ID!) { document(id: $id) { status error { code } } }';
const POLL_MS = 200;

async function untilTerminal(target: Target, id: string): Promise<string> {
  const begun = performance.now();
  let embeddedSince = Infinity;
  let last = 'no status';
  while (performance.now() - begun < TERMINAL_MS) {
    const { text } = await exchange(target, {
      headers: JSON_BODY,
      body: graphqlBody(STATUS, { id }),
      timeoutMs: 10_000,
    });
    const [, status, code] =
      /"status":"([A-Z]+)"(?:,"error":\{"code":"([A-Z_]+)")?/.exec(text) ?? [];
    last = ['202', status ?? last, code].filter(Boolean).join(' ');
    if (status === 'COMPLETED' || status === 'FAILED') return last;
    if (status === 'VECTORIZING') embeddedSince = Math.min(embeddedSince, performance.now());
    if (performance.now() - embeddedSince > EMBEDDED_MS) return `${last}, not waited for`;
    await sleep(POLL_MS);
  }
  return `${last} after ${TERMINAL_MS / 1_000} s`;
}

const MINE = '{ documents(first: 100) { edges { node { id } } } }';

/** Deletes what the input's user has, so that the next input meets a service without work. */
export async function deleteEverything(target: Target): Promise<void> {
  const { text } = await exchange(target, {
    headers: JSON_BODY,
    body: graphqlBody(MINE),
    timeoutMs: 5_000,
  });
  const ids = [...text.matchAll(/"id":"([0-9a-f-]{36})"/g)].map(([, id]) => id ?? '');
  for (const id of ids) {
    const query = 'mutation($id: ID!) { deleteDocument(id: $id) { id } }';
    await exchange(target, {
      headers: JSON_BODY,
      body: graphqlBody(query, { id }),
      timeoutMs: 5_000,
    });
  }
}
