import { ApolloLink, type ApolloCache } from '@apollo/client';
import { map } from 'rxjs';
import { DocumentFields } from './document-fields.js';

/** Stands for a document that is deleted, until the walk has taken away what held it. */
const DELETED = Symbol('gone');

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without its document, none of these says anything. */
const WRAPPER_TYPES = new Set<unknown>(['DocumentEdge', 'SearchHit']);

function doneOf({ progress }: Fields): number {
  const done = isFields(progress) ? progress['done'] : 0;
  return typeof done === 'number' ? done : 0;
}

/**
 * Newer means higher (seq, progress.done): the schema's own rule. Without both seqs nothing can be
 * said, so nothing is dropped.
 */
export function isOlder(incoming: Fields, known: Fields): boolean {
  const [mine, theirs] = [incoming['seq'], known['seq']];
  if (typeof mine !== 'number' || typeof theirs !== 'number') return false;
  return mine < theirs || (mine === theirs && doneOf(incoming) < doneOf(known));
}

export interface NewestDocuments {
  /**
   * The first link of the chain: what leaves it is written to the cache in the same tick, so
   * nothing can come between compare and write.
   */
  link: ApolloLink;
  /**
   * After DELETING, and after deleteDocument answered: no late answer brings this document back.
   */
  forget(id: string): void;
  isForgotten(id: string): boolean;
}

/**
 * An HTTP answer may have been under way while events overtook it. Every document in every answer
 * is compared with the one in the cache, and the older of the two loses, whichever way it came.
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

  const newestOf = (incoming: Fields): Fields => {
    const known = cached(String(incoming['id']));
    if (known === null || !isOlder(incoming, known)) return incoming;
    // What the cache does not hold of this document, its history for example, contradicts nothing
    // and stays.
    const entries = Object.entries(incoming).map(([key, value]) => [
      key,
      known[key] === undefined ? value : known[key],
    ]);
    return Object.fromEntries(entries) as Fields;
  };

  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk).filter((item) => item !== DELETED);
    if (!isFields(value)) return value;
    const isDocument = value['__typename'] === 'Document';
    if (isDocument && forgotten.has(String(value['id']))) return DELETED;
    const entries = Object.entries(value).map(([key, child]): [string, unknown] => [
      key,
      walk(child),
    ]);
    const isEmptied = entries.some(([, child]) => child === DELETED);
    if (isEmptied && WRAPPER_TYPES.has(value['__typename'])) return DELETED;
    const walked = Object.fromEntries(
      entries.map(([key, child]) => [key, child === DELETED ? null : child]),
    );
    return isDocument ? newestOf(walked) : walked;
  };

  // The walk changes values, never the shape that the operation asked for.
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
