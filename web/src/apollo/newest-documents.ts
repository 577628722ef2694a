import { ApolloLink, type ApolloCache } from '@apollo/client';
import { map } from 'rxjs';
import { DocumentFields } from './document-fields.js';

/** Marks a deleted document in a response until `walk` removes it and its wrapper. */
const DELETED = Symbol('deleted');

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The types that mean nothing without their document. */
const WRAPPER_TYPES = new Set<unknown>(['DocumentEdge', 'SearchHit']);

function readDone({ progress }: Fields): number {
  const done = isFields(progress) ? progress['done'] : 0;
  return typeof done === 'number' ? done : 0;
}

/**
 * Compares (seq, progress.done), as the schema defines the order. Returns false if either `seq` is
 * missing, so that no document of unknown age is dropped.
 */
export function isOlder(incoming: Fields, known: Fields): boolean {
  const incomingSeq = incoming['seq'];
  const knownSeq = known['seq'];
  if (typeof incomingSeq !== 'number' || typeof knownSeq !== 'number') return false;
  return (
    incomingSeq < knownSeq || (incomingSeq === knownSeq && readDone(incoming) < readDone(known))
  );
}

export interface NewestDocuments {
  /**
   * Must be the first link of the chain: its results are written to the cache in the same tick, so
   * nothing changes between the comparison and the write.
   */
  link: ApolloLink;
  /** Removes a deleted document, and keeps late responses from bringing it back. */
  forget(id: string): void;
  isForgotten(id: string): boolean;
}

/**
 * Compares every document of every response with the cached one and keeps the newer of the two. An
 * HTTP response may arrive after events that are newer.
 */
export function createNewestDocuments(cache: ApolloCache): NewestDocuments {
  const forgotten = new Set<string>();

  const cached = (id: string): Fields | null =>
    cache.readFragment<Fields>({
      id: `Document:${id}`,
      fragment: DocumentFields,
      fragmentName: 'DocumentFields',
      returnPartialData: true,
    });

  function newestOf(incoming: Fields): Fields {
    const known = cached(String(incoming['id']));
    if (known === null || !isOlder(incoming, known)) return incoming;
    // Fields that the cache does not have, such as the history, are kept.
    const entries = Object.entries(incoming).map(([key, value]) => [
      key,
      known[key] === undefined ? value : known[key],
    ]);
    return Object.fromEntries(entries) as Fields;
  }

  function walk(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(walk).filter((item) => item !== DELETED);
    if (!isFields(value)) return value;
    const isDocument = value['__typename'] === 'Document';
    if (isDocument && forgotten.has(String(value['id']))) return DELETED;
    const entries = Object.entries(value).map(([key, child]): [string, unknown] => [
      key,
      walk(child),
    ]);
    const lostDocument = entries.some(([, child]) => child === DELETED);
    if (lostDocument && WRAPPER_TYPES.has(value['__typename'])) return DELETED;
    const walked = Object.fromEntries(
      entries.map(([key, child]) => [key, child === DELETED ? null : child]),
    );
    return isDocument ? newestOf(walked) : walked;
  }

  // `walk` changes values, never the shape that the operation requested.
  const walkResult = (result: ApolloLink.Result): ApolloLink.Result =>
    result.data ? { ...result, data: walk(result.data) as typeof result.data } : result;

  return {
    link: new ApolloLink((operation, forward) => forward(operation).pipe(map(walkResult))),
    isForgotten: (id) => forgotten.has(id),
    forget: (id) => {
      forgotten.add(id);
      cache.evict({ id: `Document:${id}` });
      cache.gc();
    },
  };
}
