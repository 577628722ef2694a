import { isTerminal } from '../documents/document-row.js';
import { createStore, type Readable } from '../ui/store.js';
import type { ClassicClient } from './classic-client.js';
import {
  sortRows,
  withoutRow,
  withProcessed,
  withProgress,
  withStatus,
  withUpload,
  type ClassicRow,
  type ClassicRows,
} from './classic-rows.js';

/** The rows of the classic list, newest first. */
export interface ClassicDocuments extends Readable<readonly ClassicRow[]> {
  addUpload(documentId: string, file: File): void;
  /**
   * Requests what the events leave out: the name and the creation time of a new row, and the start
   * time of a finished one. Requests each of them once.
   */
  loadMissing(rows: readonly ClassicRow[]): void;
  stop(): void;
}

export function createClassicDocuments(client: ClassicClient): ClassicDocuments {
  let rows: ClassicRows = new Map();
  const sorted = createStore<readonly ClassicRow[]>([]);
  const requested = new Set<string>();

  function set(next: ClassicRows) {
    rows = next;
    sorted.set(sortRows(rows));
  }
  async function loadStatus(id: string) {
    const requestRevision = rows.get(id)?.revision ?? 0;
    const response = await client.status(id);
    if (response) set(withStatus(rows, response, requestRevision));
    else if (rows.get(id)?.revision === requestRevision) set(withoutRow(rows, id));
  }
  /** One request at a time, so that a list of a thousand does not delay an upload. */
  let queue = Promise.resolve();
  function enqueueLoad(id: string, onFailure?: () => void) {
    queue = queue.then(() => loadStatus(id)).catch(onFailure);
  }

  const stops = [
    client.on('job_progress', (data) => set(withProgress(rows, data))),
    client.on('document_processed', (data) => set(withProcessed(rows, data))),
    // The protocol has no event for a deletion, so unfinished rows are checked after a reconnect.
    client.on('authenticated', () => {
      for (const { id, status } of rows.values()) if (!isTerminal(status)) enqueueLoad(id);
    }),
  ];

  return {
    get: sorted.get,
    subscribe: sorted.subscribe,
    addUpload: (documentId, file) => set(withUpload(rows, documentId, file)),
    loadMissing: (shown) => {
      for (const row of shown) {
        const key = requestKey(row);
        if (key === null || requested.has(key)) continue;
        requested.add(key);
        enqueueLoad(row.id, () => {
          requested.delete(key);
        });
      }
    },
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

/** Returns the key of the request that completes the row; null if nothing is missing. */
function requestKey({ id, status, createdAt, startedAt }: ClassicRow): string | null {
  if (createdAt === null) return `${id} new`;
  return isTerminal(status) && startedAt === null ? `${id} finished` : null;
}
