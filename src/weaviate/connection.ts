/**
 * The connection to Weaviate, with a timeout and a way to abort. weaviate-ts-client 2.2 has neither
 * (it calls the global fetch without a signal), and returns errors as text. All its requests go
 * through one connection object, which its commands expose as `client`. This file replaces the
 * methods of that object.
 */
import weaviate, { type WeaviateClient } from 'weaviate-ts-client';

export interface WeaviateConnection {
  client: WeaviateClient;
  /** Resolves if the server reports that it is ready. */
  ready(): Promise<void>;
  /** Aborts all requests; later ones fail at once. */
  stop(): void;
}

export interface ConnectionOptions {
  url: string;
  apiKey: string | null;
  /** Limit of one request, its response included. */
  timeoutMs: number;
}

/** A response that reports an error. */
export class WeaviateResponseError extends Error {
  override readonly name = 'WeaviateResponseError';
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(`${status}: ${text.slice(0, MAX_ERROR_TEXT)}`);
  }
}

/** The server may quote what it was sent. */
const MAX_ERROR_TEXT = 300;

/**
 * The types of weaviate-ts-client 2.2 describe its CommonJS build, whose default export is one
 * level deeper than that of the module Node loads.
 */
const { client: createClient } = weaviate as unknown as typeof weaviate.default;

/**
 * Not a valid URL. The client sends a request when it is created, which could not be aborted. With
 * this host that request fails within the process.
 */
const INVALID_HOST = 'http://[';

type Send = (method: string, path: string, body?: unknown) => Promise<unknown>;

export function connect(options: ConnectionOptions): WeaviateConnection {
  const { send, stop } = createSender(options);
  const client = createClient({ host: INVALID_HOST });
  const { client: connection } = client.misc.metaGetter();
  Object.assign(connection, {
    get: (path: string) => send('GET', `/v1${path}`),
    post: (path: string, body: unknown) => send('POST', `/v1${path}`, body),
    put: (path: string, body: unknown) => send('PUT', `/v1${path}`, body),
    patch: (path: string, body: unknown) => send('PATCH', `/v1${path}`, body),
    delete: (path: string, body: unknown) => send('DELETE', `/v1${path}`, body),
    head: () => Promise.reject(new Error('HEAD is not used.')),
    query: (query: string, variables?: object) => sendQuery(send, query, variables),
  });
  return { client, stop, ready: async () => void (await send('GET', '/v1/.well-known/ready')) };
}

function createSender({ url, apiKey, timeoutMs }: ConnectionOptions): {
  send: Send;
  stop: () => void;
} {
  let baseUrl = url;
  while (baseUrl.endsWith('/')) baseUrl = baseUrl.slice(0, -1);
  const headers = {
    'content-type': 'application/json',
    ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
  };
  const inFlight = new Set<AbortController>();
  let isStopped = false;

  async function send(method: string, path: string, body?: unknown): Promise<unknown> {
    const abort = new AbortController();
    if (isStopped) abort.abort(new Error('The vector store is closed.'));
    const timer = setTimeout(
      () => abort.abort(new Error(`Weaviate did not respond within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    inFlight.add(abort);
    try {
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      return await readResponse(
        await fetch(baseUrl + path, { method, headers, signal: abort.signal, ...content }),
      );
    } finally {
      clearTimeout(timer);
      inFlight.delete(abort);
    }
  }

  function stop(): void {
    isStopped = true;
    for (const abort of inFlight) abort.abort(new Error('The vector store is closed.'));
  }

  return { send, stop };
}

async function readResponse(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new WeaviateResponseError(response.status, text);
  return text === '' ? undefined : JSON.parse(text);
}

/** GraphQL reports errors with status 200, beside partial data. Partial data are not returned. */
async function sendQuery(
  send: Send,
  query: string,
  variables?: object,
): Promise<{ data: unknown }> {
  const result = (await send('POST', '/v1/graphql', {
    query,
    ...(variables && { variables }),
  })) as {
    data?: unknown;
    errors?: { message: string }[] | null;
  };
  if (result.errors?.length)
    throw new WeaviateResponseError(200, result.errors.map(({ message }) => message).join('; '));
  return { data: result.data };
}
