/**
 * HTTP requests that no proper client sends. Bodies go out unchanged, each request has its own
 * connection and a time limit, and failures become values instead of exceptions.
 */
import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './input.js';

export type Body = string | Buffer | Iterable<Buffer>;

export interface HostileRequest {
  path?: string;
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: Body;
  /** The token of the input by default; null sends none. */
  token?: string | null;
  timeoutMs?: number;
}

export interface ReceivedResponse {
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
/** Reads and drops the rest of a longer response. */
const KEPT_CHARACTERS = 4_000_000;
const BOUNDARY = 'hostile-boundary';

export async function exchange(
  target: Target,
  hostileRequest: HostileRequest,
): Promise<ReceivedResponse> {
  const {
    path = '/graphql',
    method = 'POST',
    headers = {},
    body = '',
    token = target.token,
    timeoutMs = TIMEOUT_MS,
  } = hostileRequest;
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
  for await (const received of response.setEncoding('utf8'))
    if (text.length < KEPT_CHARACTERS) text += received as string;
  return text;
}

/** Returns the status and every code in the body: `400 BAD_USER_INPUT`. */
export function toShortText({ status, text, problem }: ReceivedResponse): string {
  const codes = [...text.matchAll(/"code":"([A-Z_]+)"/g)].map(([, code]) => code);
  return [status === 0 ? problem : String(status), ...new Set(codes)].join(' ');
}

export async function send(target: Target, hostileRequest: HostileRequest): Promise<string> {
  return toShortText(await exchange(target, hostileRequest));
}

export function graphqlBody(query: string, variables: unknown = {}): string {
  return JSON.stringify({ query, variables });
}

export async function postGraphql(
  target: Target,
  query: string,
  variables: unknown = {},
  overrides: HostileRequest = {},
): Promise<string> {
  return send(target, { headers: JSON_BODY, body: graphqlBody(query, variables), ...overrides });
}

/** Runs `times` actions at once. */
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
  const buffers = parts.flatMap(({ name, filename, content }) => [
    multipartHead(name, filename),
    toBuffer(content),
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...buffers, multipartEnd()]);
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
  /** The number of uploads at once, each as a separate document. */
  times?: number;
  /** The size of each buffer that is written; the whole file by default. */
  bufferBytes?: number;
}

const TERMINAL_MS = 30_000;
/** A document that is embedded has been read. The rest is the work of any long text. */
const EMBEDDED_MS = 6_000;

/**
 * Uploads a file over REST and waits for each document to end, for at most 30 s, or 6 s after its
 * embedding began.
 */
export async function uploadFile(target: Target, file: HostileFile): Promise<string[]> {
  return atOnce(file.times ?? 1, async () => {
    const received = await exchange(target, {
      path: '/api/documents/upload',
      headers: MULTIPART_BODY,
      body: fileBody(file),
      timeoutMs: TERMINAL_MS,
    });
    if (received.status !== 202) return toShortText(received);
    const { documentId } = JSON.parse(received.text) as { documentId: string };
    return waitUntilTerminal(target, documentId);
  });
}

function fileBody({ name, content, bufferBytes, times = 1 }: HostileFile): Iterable<Buffer> {
  const force = times > 1 ? multipartHead('force').toString() + 'true\r\n' : '';
  const head = Buffer.concat([Buffer.from(force), multipartHead('file', name)]);
  const buffers =
    typeof content === 'function' ? content() : splitBuffer(toBuffer(content), bufferBytes);
  return joinBuffers(head, buffers, Buffer.concat([Buffer.from('\r\n'), multipartEnd()]));
}

function* joinBuffers(head: Buffer, middle: Iterable<Buffer>, end: Buffer): Iterable<Buffer> {
  yield head;
  yield* middle;
  yield end;
}

function* splitBuffer(
  content: Buffer,
  bufferBytes = Math.max(1, content.length),
): Iterable<Buffer> {
  for (let at = 0; at < content.length; at += bufferBytes)
    yield content.subarray(at, at + bufferBytes);
}

const STATUS = 'query($id: ID!) { document(id: $id) { status error { code } } }';
const POLL_MS = 200;

async function waitUntilTerminal(target: Target, id: string): Promise<string> {
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

const DOCUMENTS = '{ documents(first: 100) { edges { node { id } } } }';

/** Deletes all documents of the input's user, so that the service is idle at the next input. */
export async function deleteAllDocuments(target: Target): Promise<void> {
  const { text } = await exchange(target, {
    headers: JSON_BODY,
    body: graphqlBody(DOCUMENTS),
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
