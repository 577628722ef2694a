import { createClient as createSseClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

export type Variables = Record<string, unknown>;

export interface GraphqlError {
  message: string;
  path?: (string | number)[];
  extensions: { code: string } & Record<string, unknown>;
}

export interface GraphqlResponse<T> {
  status: number;
  data: T | null;
  errors: GraphqlError[];
}

/** Sends one POST, without a token if `token` is null. Errors are in the response. */
export async function ask<T>(
  url: string,
  token: string | null,
  query: string,
  variables: Variables = {},
): Promise<GraphqlResponse<T>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization(token) },
    body: JSON.stringify({ query, variables }),
  });
  return toGraphqlResponse<T>(response);
}

/** Like `ask`, but returns the data only, and throws if there are errors. */
export async function gql<T>(
  url: string,
  token: string | null,
  query: string,
  variables: Variables = {},
): Promise<T> {
  return dataOf(await ask<T>(url, token, query, variables));
}

export interface UploadFile {
  name: string;
  content: string | Uint8Array;
  type?: string;
  options?: { priority?: 'HIGH' | 'NORMAL' | 'LOW'; scheduledFor?: string; force?: boolean };
}

export interface Uploaded {
  document: {
    id: string;
    status: string;
    seq: number;
    generation: number;
    filename: string;
    mimeType: string;
    fileSize: number;
  };
  duplicateOf: string | null;
}

const UPLOAD = `mutation Upload($file: Upload!, $options: UploadOptions) {
  uploadDocument(file: $file, options: $options) {
    document { id status seq generation filename mimeType fileSize }
    duplicateOf
  }
}`;

/** Sends a GraphQL multipart upload. Errors are in the response. */
export async function askUpload(
  url: string,
  token: string | null,
  file: UploadFile,
): Promise<GraphqlResponse<{ uploadDocument: Uploaded }>> {
  const body = new FormData();
  body.append(
    'operations',
    JSON.stringify({ query: UPLOAD, variables: { file: null, options: file.options ?? null } }),
  );
  body.append('map', JSON.stringify({ file: ['variables.file'] }));
  const content = typeof file.content === 'string' ? file.content : new Uint8Array(file.content);
  body.append(
    'file',
    new Blob([content], { type: file.type ?? 'application/octet-stream' }),
    file.name,
  );
  const headers = { 'apollo-require-preflight': 'true', ...authorization(token) };
  return toGraphqlResponse(await fetch(`${url}/graphql`, { method: 'POST', headers, body }));
}

/** Like `askUpload`, but returns the payload only, and throws if there are errors. */
export async function upload(
  url: string,
  token: string | null,
  file: UploadFile,
): Promise<Uploaded> {
  return dataOf(await askUpload(url, token, file)).uploadDocument;
}

/**
 * Yields the values of a subscription over graphql-transport-ws. Leaving the loop, or `return()`,
 * closes the socket. Never reconnects.
 */
export async function* subscribe<T>(
  url: string,
  token: string | null,
  query: string,
  variables: Variables = {},
): AsyncGenerator<T, void, void> {
  const client = createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  try {
    for await (const result of client.iterate<T>({ query, variables })) {
      yield dataOf({
        status: 200,
        data: result.data ?? null,
        errors: (result.errors ?? []) as unknown as GraphqlError[],
      });
    }
  } finally {
    await client.dispose();
  }
}

/** Like `subscribe`, over server-sent events (graphql-sse, distinct connections). */
export async function* subscribeSse<T>(
  url: string,
  token: string | null,
  query: string,
  variables: Variables = {},
): AsyncGenerator<T, void, void> {
  const client = createSseClient({
    url: `${url}/graphql`,
    headers: authorization(token),
    retryAttempts: 0,
  });
  try {
    for await (const result of client.iterate<T>({ query, variables })) {
      yield dataOf({
        status: 200,
        data: result.data ?? null,
        errors: (result.errors ?? []) as unknown as GraphqlError[],
      });
    }
  } finally {
    client.dispose();
  }
}

export interface StatusSeen {
  kind: 'SNAPSHOT' | 'CHANGE' | 'PROGRESS';
  seq: number;
  status: string;
  generation: number;
  attempt: number;
  vectorCount: number;
  progress: { done: number; total: number | null };
  error: {
    code: string;
    cause: string | null;
    message: string;
    retryable: boolean;
    stage: string;
  } | null;
}

const STATUS = `subscription Status($id: ID!) {
  documentStatus(documentId: $id) {
    kind seq status generation attempt vectorCount progress { done total } error { code cause message retryable stage }
  }
}`;

/** Watches a document until it has one of these statuses; returns all events, that one last. */
export async function waitForStatus(
  url: string,
  token: string,
  documentId: string,
  ...wanted: string[]
): Promise<StatusSeen[]> {
  const seen: StatusSeen[] = [];
  for await (const { documentStatus } of subscribe<{ documentStatus: StatusSeen }>(
    url,
    token,
    STATUS,
    { id: documentId },
  )) {
    seen.push(documentStatus);
    if (wanted.includes(documentStatus.status)) return seen;
  }
  throw new Error(
    `the subscription ended before ${wanted.join(' or ')}: ${seen.map(({ status }) => status).join(', ')}`,
  );
}

function authorization(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

async function toGraphqlResponse<T>(response: Response): Promise<GraphqlResponse<T>> {
  const body = (await response.json()) as { data?: T | null; errors?: GraphqlError[] };
  return { status: response.status, data: body.data ?? null, errors: body.errors ?? [] };
}

function dataOf<T>({ data, errors, status }: GraphqlResponse<T>): T {
  if (data === null || errors.length > 0)
    throw new Error(`HTTP ${status}: ${JSON.stringify(errors)}`);
  return data;
}
