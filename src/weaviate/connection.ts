/**
 * The client has neither a timeout nor a way to abort (it calls the global fetch without a signal),
 * and answers errors as text. All its requests go through one connection object, which its commands
 * name publicly as `client`; the verbs of that object are replaced here.
 */
import weaviate, { type WeaviateClient } from 'weaviate-ts-client';

export interface WeaviateConnection {
  client: WeaviateClient;
  /** Resolves when the server says that it can work. */
  ready(): Promise<void>;
  /** Cuts off what is under way; later calls fail at once. */
  stop(): void;
}

export interface ConnectionOptions {
  url: string;
  apiKey: string | null;
  /** Of one request, its answer included. */
  timeoutMs: number;
}

/** An answer that is no success. */
export class WeaviateAnswerError extends Error {
  override readonly name = 'WeaviateAnswerError';
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
 * The package's types are those of its CommonJS build, where the default export lies one step
 * deeper than in the module that is loaded.
 */
const { client: createClient } = weaviate as unknown as typeof weaviate.default;

/**
 * No address at all: as it is made, the client sends a request of its own, which nothing could cut
 * off. This one never leaves the process.
 */
const NOWHERE = 'http://[';

type Send = (method: string, path: string, body?: unknown) => Promise<unknown>;

export function connect(options: ConnectionOptions): WeaviateConnection {
  const { send, stop } = createSender(options);
  const client = createClient({ host: NOWHERE });
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
  let base = url;
  while (base.endsWith('/')) base = base.slice(0, -1);
  const headers = {
    'content-type': 'application/json',
    ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
  };
  const underWay = new Set<AbortController>();
  let stopped = false;

  async function send(method: string, path: string, body?: unknown): Promise<unknown> {
    const abort = new AbortController();
    if (stopped) abort.abort(new Error('The vector store is closed.'));
    const timer = setTimeout(
      () => abort.abort(new Error(`No answer within ${timeoutMs} ms.`)),
      timeoutMs,
    );
    underWay.add(abort);
    try {
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      return await readAnswer(
        await fetch(base + path, { method, headers, signal: abort.signal, ...content }),
      );
    } finally {
      clearTimeout(timer);
      underWay.delete(abort);
    }
  }

  function stop(): void {
    stopped = true;
    for (const abort of underWay) abort.abort(new Error('The vector store is closed.'));
  }

  return { send, stop };
}

async function readAnswer(response: Response): Promise<unknown> {
  const text = await response.text();
  if (!response.ok) throw new WeaviateAnswerError(response.status, text);
  return text === '' ? undefined : JSON.parse(text);
}

/** GraphQL answers 200 with a list of errors, and in part: a part is no answer. */
async function sendQuery(
  send: Send,
  query: string,
  variables?: object,
): Promise<{ data: unknown }> {
  const answer = (await send('POST', '/v1/graphql', {
    query,
    ...(variables && { variables }),
  })) as {
    data?: unknown;
    errors?: { message: string }[] | null;
  };
  if (answer.errors?.length)
    throw new WeaviateAnswerError(200, answer.errors.map(({ message }) => message).join('; '));
  return { data: answer.data };
}
