import type { StatusEvent } from '../documents/document.js';
import type { DocumentStore } from '../documents/ports.js';
import { toSnapshotEvent } from '../documents/status.js';

export const SAFETY_READ_MS = 30_000;
export const MAX_LIST_SNAPSHOTS = 1_000;
/**
 * The time by which a read reaches back further than the previous one. Clocks of servers differ,
 * and a transaction may commit long after it has set its times.
 */
export const OVERLAP_MS = 60_000;

/**
 * Returns the state behind a channel of the status bus: a document, or the documents of a user that
 * changed since the previous safety read. Returns null if the document no longer exists.
 */
export async function readChannelState(
  store: Pick<DocumentStore, 'findMany' | 'recent'>,
  channel: string,
): Promise<StatusEvent[] | null> {
  const [kind, id = ''] = channel.split(/:(.*)/s);
  const since = new Date(Date.now() - SAFETY_READ_MS - OVERLAP_MS);
  const documents =
    kind === 'document'
      ? await store.findMany([id])
      : await store.recent(id, since, MAX_LIST_SNAPSHOTS);
  return kind === 'document' && documents.length === 0 ? null : documents.map(toSnapshotEvent);
}
