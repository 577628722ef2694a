import { useSyncExternalStore } from 'react';

/** `#/documents` or `#/search`, followed by a document's id while its details are open. */
export interface Route {
  view: 'documents' | 'search';
  documentId: string | null;
}

export function parseRoute(hash: string): Route {
  const [, view, id] = hash.replace(/^#/, '').split('/');
  return { view: view === 'search' ? 'search' : 'documents', documentId: id ? decode(id) : null };
}

/**
 * Returns null for a segment that cannot be decoded or encoded again, such as an incomplete percent
 * escape.
 */
function decode(segment: string): string | null {
  try {
    const id = decodeURIComponent(segment);
    return encode(id) === '' ? null : id;
  } catch {
    return null;
  }
}

function encode(id: string): string {
  try {
    return encodeURIComponent(id);
  } catch {
    return '';
  }
}

export function toHash({ view, documentId }: Route): string {
  return documentId === null ? `#/${view}` : `#/${view}/${encode(documentId)}`;
}

export function goTo(route: Route): void {
  location.hash = toHash(route);
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, () => location.hash));
}
