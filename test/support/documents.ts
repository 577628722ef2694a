/** What tests do with documents through the public API. */
import { randomBytes } from 'node:crypto';
import { gql, upload, waitForStatus, type StatusSeen, type UploadFile } from './client.js';

/** Returns the token of a new user. */
export function newUser(name = 'user'): string {
  return `dev:${name}-${randomBytes(6).toString('hex')}`;
}

/** Uploads a file, waits until the document is COMPLETED, and returns its id. */
export async function uploadCompleted(
  url: string,
  token: string,
  file: UploadFile,
): Promise<string> {
  const { document } = await upload(url, token, file);
  const last = (await waitForStatus(url, token, document.id, 'COMPLETED', 'FAILED')).at(-1);
  if (last?.status !== 'COMPLETED')
    throw new Error(`${file.name} ended ${String(last?.status)}: ${JSON.stringify(last?.error)}`);
  return document.id;
}

/** Uploads a file, waits until the document is FAILED, and returns its last event. */
export async function uploadFailed(
  url: string,
  token: string,
  file: UploadFile,
): Promise<StatusSeen> {
  const { document } = await upload(url, token, file);
  const last = (await waitForStatus(url, token, document.id, 'COMPLETED', 'FAILED')).at(-1);
  if (last?.status !== 'FAILED') throw new Error(`${file.name} ended ${String(last?.status)}`);
  return last;
}

export interface Hit {
  document: { id: string; filename: string };
  text: string;
  highlights: { start: number; end: number }[];
  score: number;
  chunkIndex: number;
  page: number | null;
  charStart: number;
  charEnd: number;
}

export interface SearchVariables {
  query: string;
  first?: number;
  mode?: 'HYBRID' | 'SEMANTIC' | 'KEYWORD';
  documentIds?: string[];
}

export const SEARCH = `query Search($query: String!, $first: Int! = 10, $mode: SearchMode! = HYBRID, $documentIds: [ID!]) {
  search(query: $query, first: $first, mode: $mode, documentIds: $documentIds) {
    document { id filename } text highlights { start end } score chunkIndex page charStart charEnd
  }
}`;

export async function search(
  url: string,
  token: string,
  variables: SearchVariables,
): Promise<Hit[]> {
  return (await gql<{ search: Hit[] }>(url, token, SEARCH, { ...variables })).search;
}

/** Returns how many documents of this user are in each status. */
export async function countDocuments(url: string, token: string): Promise<Record<string, number>> {
  const { documentCounts } = await gql<{ documentCounts: { status: string; count: number }[] }>(
    url,
    token,
    '{ documentCounts { status count } }',
  );
  return Object.fromEntries(documentCounts.map(({ status, count }) => [status, count]));
}

const UNFINISHED = ['PENDING', 'EXTRACTING', 'VECTORIZING'];

export async function countUnfinished(url: string, token: string): Promise<number> {
  const counts = await countDocuments(url, token);
  return UNFINISHED.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
}

/** Returns a text of about `passages` passages, each with different words. */
export function longText(passages: number, seed = 'text'): string {
  const sentences = (passage: number) =>
    Array.from(
      { length: 8 },
      (_, line) =>
        `Sentence ${line} of passage ${passage} of ${seed} is about harbour ${passage * 7 + line} and its keeper.`,
    );
  return Array.from(
    { length: passages },
    (_, passage) => `${sentences(passage).join(' ').padEnd(880, ' and so on')}\n\n`,
  ).join('');
}
