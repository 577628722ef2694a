import { isTerminal } from '../documents/document-row.js';
import type { ClassicClient } from './classic-client.js';
import {
  sortRows,
  withProcessed,
  withProgress,
  withStatus,
  withUpload,
  without,
  type ClassicRow,
  type ClassicRows,
} from './classic-rows.js';

export interface ClassicDocuments {
  get(): readonly ClassicRow[];
  subscribe(listener: () => void): () => void;
  noteUpload(documentId: string, file: File): void;
  /**
   * Asks for what the events do not tell: the name and when it was made at first sight, when it
   * began once it has ended.
   */
  fillIn(shown: readonly ClassicRow[]): void;
  stop(): void;
}

export function createClassicDocuments(client: ClassicClient): ClassicDocuments {
  let rows: ClassicRows = new Map();
  let sorted: readonly ClassicRow[] = [];
  const listeners = new Set<() => void>();
  const asked = new Set<string>();

  const set = (next: ClassicRows) => {
    rows = next;
    sorted = sortRows(rows);
    for (const listener of listeners) listener();
  };
  const ask = async (id: string) => {
    const askedAt = rows.get(id)?.revision ?? 0;
    const answer = await client.status(id);
    if (answer) set(withStatus(rows, answer, askedAt));
    else if (rows.get(id)?.revision === askedAt) set(without(rows, id));
  };
  /** One question at a time: a list of a thousand must not keep an upload waiting. */
  let queue = Promise.resolve();
  const askLater = (id: string, question?: string) => {
    queue = queue.then(() => ask(id)).catch(() => void (question && asked.delete(question)));
  };

  const stops = [
    client.on('job_progress', (data) => set(withProgress(rows, data))),
    client.on('document_processed', (data) => set(withProcessed(rows, data))),
    // What was unfinished and is gone was deleted meanwhile; this protocol has no event for that.
    client.on('authenticated', () => {
      for (const { id, status } of rows.values()) if (!isTerminal(status)) askLater(id);
    }),
  ];

  return {
    get: () => sorted,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    noteUpload: (documentId, file) => set(withUpload(rows, documentId, file)),
    fillIn: (shown) => {
      for (const row of shown) {
        const question = questionFor(row);
        if (question === null || asked.has(question)) continue;
        asked.add(question);
        askLater(row.id, question);
      }
    },
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

function questionFor({ id, status, createdAt, startedAt }: ClassicRow): string | null {
  if (createdAt === null) return `${id} at first sight`;
  return isTerminal(status) && startedAt === null ? `${id} at its end` : null;
}
