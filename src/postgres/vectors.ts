import type { VectorHit, VectorObject, VectorQuery, VectorStore } from '../documents/ports.js';
import { assertSameModel, type CollectionModel } from '../documents/assert-same-model.js';
import { fuseRanks } from '../documents/fuse-ranks.js';
import { MAX_SEARCH_WORDS } from '../documents/words.js';
import { ProcessingFailure } from '../errors.js';
import type { Database } from './database.js';

type Query = Database['query'];

/**
 * Creates the vector store in the database, with pgvector. A search compares all vectors of the
 * user and is exact. Throws SetupError if the stored vectors were made by another model or with
 * other dimensions.
 */
export async function createVectorStore(
  options: CollectionModel & { database: Database },
): Promise<VectorStore> {
  const { database } = options;
  await ensureCollection(database, options);
  return {
    store: (userId, objects) => asVectorStoreFailure(() => storeObjects(database, userId, objects)),
    count: (userId, documentId, generation) =>
      asVectorStoreFailure(() => countObjects(database, userId, documentId, generation)),
    trim: (userId, documentId, generation, chunkCount) =>
      asVectorStoreFailure(() =>
        removeWhere(database, 'generation = ? and chunk_index >= ?', [
          userId,
          documentId,
          generation,
          chunkCount,
        ]),
      ),
    remove: (userId, documentId, { below, only } = {}) =>
      asVectorStoreFailure(() =>
        removeWhere(
          database,
          '(?::integer is null or generation < ?) and (?::integer is null or generation = ?)',
          [
            userId,
            documentId,
            ...[below, below, only, only].map((generation) => generation ?? null),
          ],
        ),
      ),
    search: (query, signal) => asVectorStoreFailure(() => findHits(database, query, signal)),
  };
}

async function ensureCollection(
  database: Database,
  { model, dimensions }: CollectionModel,
): Promise<void> {
  await database.query(
    'insert into vector_collection (model, dimensions) values (?, ?) on conflict do nothing',
    [model, dimensions],
  );
  const [stored] = await database.query<CollectionModel>(
    'select model, dimensions from vector_collection',
  );
  if (stored) assertSameModel(stored, { model, dimensions });
}

async function asVectorStoreFailure<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new ProcessingFailure('VECTOR_STORE_UNAVAILABLE', 'The vector store is not responding.', {
      cause: error,
    });
  }
}

const STORE_VECTORS = `
  insert into vectors (user_id, document_id, generation, chunk_index, embedding)
  select ?, o.document_id, o.generation, o.chunk_index, o.embedding::halfvec
    from jsonb_to_recordset(?::jsonb)
           as o (document_id uuid, generation integer, chunk_index integer, embedding text)
  on conflict (user_id, document_id, generation, chunk_index)
  do update set embedding = excluded.embedding`;

const STORE_PASSAGES = `
  insert into passages (
         user_id, document_id, generation, chunk_index, page, char_start, char_end, text)
  select ?, o.document_id, o.generation, o.chunk_index, o.page, o.char_start, o.char_end, o.text
    from jsonb_to_recordset(?::jsonb)
           as o (document_id uuid, generation integer, chunk_index integer, page integer,
                 char_start integer, char_end integer, text text)
  on conflict (user_id, document_id, generation, chunk_index)
  do update set page = excluded.page, char_start = excluded.char_start,
                char_end = excluded.char_end, text = excluded.text`;

async function storeObjects(
  database: Database,
  userId: string,
  objects: readonly VectorObject[],
): Promise<void> {
  if (objects.length === 0) return;
  const vectors = JSON.stringify(
    objects.map((object) => ({ ...toKey(object), embedding: toLiteral(object.vector) })),
  );
  const passages = JSON.stringify(objects.map(toPassage));
  await database.transaction(async (query) => {
    await query(STORE_PASSAGES, [userId, passages]);
    await query(STORE_VECTORS, [userId, vectors]);
  });
}

function toKey(object: VectorObject): object {
  return {
    document_id: object.documentId,
    generation: object.generation,
    chunk_index: object.index,
  };
}

function toPassage(object: VectorObject): object {
  return {
    ...toKey(object),
    page: object.page,
    char_start: object.charStart,
    char_end: object.charEnd,
    text: object.text,
  };
}

function toLiteral(vector: Float32Array): string {
  return `[${vector.join(',')}]`;
}

async function countObjects(
  database: Database,
  userId: string,
  documentId: string,
  generation: number,
): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `select count(*)::integer as count
       from vectors v join passages p using (user_id, document_id, generation, chunk_index)
      where user_id = ? and document_id = ? and generation = ?`,
    [userId, documentId, generation],
  );
  return row?.count ?? 0;
}

async function removeWhere(
  database: Database,
  condition: string,
  parameters: readonly unknown[],
): Promise<void> {
  await database.transaction(async (query) => {
    for (const table of ['vectors', 'passages']) {
      await query(
        `delete from ${table} where user_id = ? and document_id = ? and ${condition}`,
        parameters,
      );
    }
  });
}

interface HitRow {
  document_id: string;
  generation: number;
  chunk_index: number;
  page: number | null;
  char_start: number;
  char_end: number;
  text: string;
  score: number;
}

/** Takes the ids twice, as JSON; null selects all documents of the user. */
const IS_IN_DOCUMENTS = `
  (?::jsonb is null
   or document_id in (select value::uuid from jsonb_array_elements_text(?::jsonb)))`;

/** Vectors have length 1, so the inner product is the cosine. */
const SEMANTIC = `
  with nearest as (
    select user_id, document_id, generation, chunk_index,
           embedding <#> ?::halfvec as negative_product
      from vectors where user_id = ? and ${IS_IN_DOCUMENTS} order by 5 limit ?)
  select p.document_id, p.generation, p.chunk_index, p.page, p.char_start, p.char_end, p.text,
         greatest(0, -n.negative_product) as score
    from nearest n join passages p using (user_id, document_id, generation, chunk_index)
   order by n.negative_product, p.document_id, p.chunk_index`;

/**
 * The time after which a server cancels a search. The embedded engine cannot interrupt itself; the
 * limits of KEYWORD bound a search there.
 */
const SEARCH_TIMEOUT_MS = 5_000;
/**
 * The greatest number of passages with a word of the query that are ranked. The embedded engine
 * ranks as many in about 0.1 s.
 */
const MAX_RANKED = 20_000;

/**
 * Finds passages with any word of the query and ranks those with more of them higher, as people
 * expect of a search box. The server parses the query as it parses passages; the first
 * MAX_SEARCH_WORDS distinct words count. `ts_rank` reads each position of a word once;
 * `ts_rank_cd`, which also considers how close words are, takes 20 times as long.
 */
const KEYWORD = `
  with lexemes as (
         select lexeme from unnest(to_tsvector('english', ?))
          order by positions[1], lexeme limit ${MAX_SEARCH_WORDS}),
       query as (
         select string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''',
                  ' | ')::tsquery as words
           from lexemes),
       found as (
         select document_id, generation, chunk_index, page, char_start, char_end, text, p.words,
                query.words as query_words
           from passages p, query
          where user_id = ? and ${IS_IN_DOCUMENTS} and p.words @@ query.words limit ${MAX_RANKED})
  select document_id, generation, chunk_index, page, char_start, char_end, text,
         ts_rank(words, query_words, 1 | 32) as score
    from found
   order by score desc, document_id, chunk_index limit ?`;

/**
 * Searches in one transaction, because `set local` holds within one only. Stops between two
 * statements if the signal has been aborted.
 */
async function findHits(
  database: Database,
  search: VectorQuery,
  signal?: AbortSignal,
): Promise<VectorHit[]> {
  const { mode, vector, limit } = search;
  signal?.throwIfAborted();
  return database.transaction(async (query) => {
    signal?.throwIfAborted();
    await query(`set local statement_timeout = ${SEARCH_TIMEOUT_MS}`);
    const semanticHits =
      mode === 'KEYWORD' || vector === null ? [] : await findSemanticHits(query, search, vector);
    signal?.throwIfAborted();
    const keywordHits = mode === 'SEMANTIC' ? [] : await findKeywordHits(query, search);
    if (mode === 'HYBRID' && vector !== null)
      return fuseRanks([semanticHits, keywordHits]).slice(0, limit);
    return mode === 'SEMANTIC' ? semanticHits : keywordHits;
  });
}

async function findSemanticHits(
  query: Query,
  search: VectorQuery,
  vector: Float32Array,
): Promise<VectorHit[]> {
  const ids = toIdsOrNull(search);
  const rows = await query<HitRow>(SEMANTIC, [
    toLiteral(vector),
    search.userId,
    ids,
    ids,
    search.limit,
  ]);
  return rows.map(toHit);
}

/** PostgreSQL reads an index of words as a bitmap only, which connections disable otherwise. */
async function findKeywordHits(query: Query, search: VectorQuery): Promise<VectorHit[]> {
  await query('set local enable_bitmapscan = on');
  const ids = toIdsOrNull(search);
  const rows = await query<HitRow>(KEYWORD, [search.text, search.userId, ids, ids, search.limit]);
  return rows.map(toHit);
}

function toIdsOrNull({ documentIds }: VectorQuery): string | null {
  return documentIds ? JSON.stringify(documentIds) : null;
}

function toHit(row: HitRow): VectorHit {
  return {
    documentId: row.document_id,
    generation: row.generation,
    index: row.chunk_index,
    text: row.text,
    page: row.page,
    charStart: row.char_start,
    charEnd: row.char_end,
    score: Math.min(1, Math.max(0, row.score)),
  };
}
