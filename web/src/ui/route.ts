import { useSyncExternalStore } from 'react';

/** `#/documents`, `#/search`, each with a document's id behind it while its details are open. */
export interface Route {
  view: 'documents' | 'search';
  documentId: string | null;
}

export function parseRoute(hash: string): Route {
  const [, view, id] = hash.replace(/^#/, '').split('/');
  return { view: view === 'search' ? 'search' : 'documents', documentId: id ? decode(id) : null };
}

/**
 * What cannot be read or written again, such as a broken percent escape, names nothing: it counts
 * as not given.
 */
function decode(part: string): string | null {
  try {
    const id = decodeURIComponent(part);
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

export function hashOf({ view, documentId }: Route): string {
  return documentId === null ? `#/${view}` : `#/${view}/${encode(documentId)}`;
}

export function goTo(route: Route): void {
  location.hash = hashOf(route);
}

const subscribe = (listener: () => void) => {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
};

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, () => location.hash));
}
