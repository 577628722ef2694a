import type { VectorHit, VectorQuery } from '../documents/ports.js';
import { fuseRanks } from '../documents/fuse-ranks.js';
import type { TenantRef } from './objects.js';
import { toQueryTerms } from './terms.js';

/** The server rejects a higher limit: its QUERY_MAXIMUM_RESULTS. */
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

interface SearchResponse {
  data: { Get: Record<string, Row[]> };
}

type Getter = ReturnType<TenantRef['client']['graphql']['get']>;

/**
 * Runs both searches of a hybrid query at the same time, and fuses their ranks here instead of in
 * the server. The ranks and scores are then those of the in-process store.
 */
export async function search(tenantRef: TenantRef, query: VectorQuery): Promise<VectorHit[]> {
  if (query.documentIds?.length === 0) return [];
  const { mode, vector } = query;
  if (mode === 'KEYWORD' || vector === null) return searchKeyword(tenantRef, query);
  if (mode === 'SEMANTIC') return searchSemantic(tenantRef, query, vector);
  const lists = await Promise.all([
    searchSemantic(tenantRef, query, vector),
    searchKeyword(tenantRef, query),
  ]);
  return fuseRanks(lists).slice(0, query.limit);
}

/** Weaviate's distance is 1 - cosine. */
async function searchSemantic(
  tenantRef: TenantRef,
  query: VectorQuery,
  vector: Float32Array,
): Promise<VectorHit[]> {
  const rows = await readRows(
    tenantRef,
    startGet(tenantRef, query).withNearVector({ vector: Array.from(vector) }),
  );
  return toHits(rows, ({ distance }) => 1 - Number(distance));
}

/** BM25 scores have no upper bound. This mapping keeps their order and stays below 1. */
async function searchKeyword(tenantRef: TenantRef, query: VectorQuery): Promise<VectorHit[]> {
  const terms = toQueryTerms(query.text);
  if (terms === '') return [];
  const rows = await readRows(
    tenantRef,
    startGet(tenantRef, query).withBm25({ query: terms, properties: ['terms'] }),
  );
  return toHits(rows, ({ score }) => Number(score) / (Number(score) + 1));
}

function startGet(
  { client, collection, tenant }: TenantRef,
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

async function readRows({ collection }: TenantRef, get: Getter): Promise<Row[]> {
  const response: SearchResponse = await get.do();
  return response.data.Get[collection] ?? [];
}

/** The server returns equal scores in any order. */
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
