import type { VectorHit, VectorQuery } from '../documents/ports.js';
import { fuseRanks } from '../documents/fuse-ranks.js';
import type { Place } from './objects.js';
import { toQueryTerms } from './terms.js';

/** More in one answer the server refuses: its QUERY_MAXIMUM_RESULTS. */
const MAX_RESULTS = 10_000;

const FIELDS =
  'documentId generation chunkIndex page charStart charEnd text _additional { distance score }';

interface Row {
  documentId: string;
  generation: number;
  chunkIndex: number;
  page: number | null;
  charStart: number;
  charEnd: number;
  text: string;
  _additional: { distance: number | null; score: string | null };
}

interface Answer {
  data: { Get: Record<string, Row[]> };
}

type Getter = ReturnType<Place['client']['graphql']['get']>;

/**
 * Both at once and fused here, not by the server: the ranks and scores are then those of the
 * embedded store.
 */
export async function search(place: Place, query: VectorQuery): Promise<VectorHit[]> {
  if (query.documentIds?.length === 0) return [];
  const { mode, vector } = query;
  if (mode === 'KEYWORD' || vector === null) return searchKeyword(place, query);
  if (mode === 'SEMANTIC') return searchSemantic(place, query, vector);
  const lists = await Promise.all([
    searchSemantic(place, query, vector),
    searchKeyword(place, query),
  ]);
  return fuseRanks(lists).slice(0, query.limit);
}

/** The distance is one less the cosine. */
async function searchSemantic(
  place: Place,
  query: VectorQuery,
  vector: Float32Array,
): Promise<VectorHit[]> {
  const rows = await read(
    place,
    startGet(place, query).withNearVector({ vector: Array.from(vector) }),
  );
  return toHits(rows, ({ distance }) => 1 - Number(distance));
}

/** BM25 has no upper end. This keeps the order and ends at 1. */
async function searchKeyword(place: Place, query: VectorQuery): Promise<VectorHit[]> {
  const terms = toQueryTerms(query.text);
  if (terms === '') return [];
  const rows = await read(
    place,
    startGet(place, query).withBm25({ query: terms, properties: ['terms'] }),
  );
  return toHits(rows, ({ score }) => Number(score) / (Number(score) + 1));
}

function startGet(
  { client, collection, tenant }: Place,
  { limit, documentIds }: VectorQuery,
): Getter {
  const get = client.graphql
    .get()
    .withClassName(collection)
    .withTenant(tenant)
    .withFields(FIELDS)
    .withLimit(Math.min(limit, MAX_RESULTS));
  return documentIds
    ? get.withWhere({
        path: ['documentId'],
        operator: 'ContainsAny',
        valueTextArray: [...documentIds],
      })
    : get;
}

async function read({ collection }: Place, get: Getter): Promise<Row[]> {
  const answer: Answer = await get.do();
  return answer.data.Get[collection] ?? [];
}

/** Equal scores come in any order from the server. */
function toHits(
  rows: readonly Row[],
  score: (additional: Row['_additional']) => number,
): VectorHit[] {
  return rows
    .map((row) => toHit(row, Math.min(1, Math.max(0, score(row._additional)))))
    .sort((a, b) => b.score - a.score || compare(a.documentId, b.documentId) || a.index - b.index);
}

function toHit(
  { documentId, generation, chunkIndex, page, charStart, charEnd, text }: Row,
  score: number,
): VectorHit {
  return { documentId, generation, index: chunkIndex, page, charStart, charEnd, text, score };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
