import { ApiError } from '../errors.js';
import type { NotifyCommitted } from './commit-notifier.js';
import type { DocumentStore, Viewer } from './ports.js';

export type DeleteDocument = (viewer: Viewer, id: string) => Promise<void>;

/**
 * Gone for every reader when it resolves; vectors and file follow in the background. Throws
 * DOCUMENT_NOT_FOUND.
 */
export function createDeleteDocument({
  store,
  notifyCommitted,
}: {
  store: DocumentStore;
  notifyCommitted: NotifyCommitted;
}): DeleteDocument {
  return async (viewer, id) => {
    const event = isDocumentId(id) ? await store.markDeleting(viewer.id, id) : null;
    if (event === null) throw documentNotFound();
    notifyCommitted([event]);
  };
}

/** The same answer for an id that never was and for somebody else's. */
export function documentNotFound(): ApiError {
  return new ApiError('DOCUMENT_NOT_FOUND', 'There is no such document.');
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whatever is no id of ours names no document, and does not reach the database. */
export function isDocumentId(id: string): boolean {
  return UUID.test(id);
}
