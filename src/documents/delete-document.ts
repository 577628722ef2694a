import type { NotifyCommitted } from './commit-notifier.js';
import { documentNotFound, isDocumentId } from './document-id.js';
import type { DocumentStore, Viewer } from './ports.js';

export type DeleteDocument = (viewer: Viewer, id: string) => Promise<void>;

interface Dependencies {
  store: DocumentStore;
  notifyCommitted: NotifyCommitted;
}

/**
 * Deletes a document of the viewer. Once it resolves, no reader sees the document; its vectors and
 * its file are deleted in the background. Throws DOCUMENT_NOT_FOUND.
 */
export function createDeleteDocument({ store, notifyCommitted }: Dependencies): DeleteDocument {
  return async (viewer, id) => {
    const event = isDocumentId(id) ? await store.markDeleting(viewer.id, id) : null;
    if (event === null) throw documentNotFound();
    notifyCommitted([event]);
  };
}
