import type { VectorHit, VectorObject, VectorQuery, VectorStore } from '../documents/ports.js';
import { fuseRanks } from '../documents/fuse-ranks.js';
import { MAX_SEARCH_WORDS } from '../documents/words.js';
import { ProcessingFailure, SetupError } from '../errors.js';
import type { Database } from './database.js';

type Query = Database['query'];

/**
 * Vectors in the database, by pgvector. The search is exact over the user's own rows.
 * Throws SetupError when the vectors there were made by another model or with other dimensions.
 */
export async function createVectorStore(options: {
  database: Database;
  model: string;
  dimensions: number;
}): Promise<VectorStore> {
  const { database } = options;
  await ensureCollection(database, options);
  return {
    store: (userId, objects) => guarded(() => storeObjects(database, userId, objects)),
    count: (userId, documentId, generation) =>
      guarded(() => countObjects(database, userId, documentId, generation)),
    trim: (userId, documentId, generation, chunkCount) =>
      guarded(() =>
        removeWhere(database, 'generation = ? and chunk_index >= ?', [
          userId,
          documentId,
          generation,
          chunkCount,
        ]),
      ),
    remove: (userId, documentId, { below, only } = {}) =>
      guarded(() =>
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
    search: (query, signal) => guarded(() => search(database, query, signal)),
  };
}

async function ensureCollection(
  database: Database,
  { model, dimensions }: { model: string; dimensions: number },
): Promise<void> {
  await database.query(
    'insert into vector_collection (model, dimensions) values (?, ?) on conflict do nothing',
    [model, dimensions],
  );
  const [made] = await database.query<{ model: string; dimensions: number }>(
    'select model, dimensions from vector_collection',
  );
  if (made && (made.model !== model || made.dimensions !== dimensions)) {
    throw new SetupError(
      `The vectors in the store were made by ${made.model} (${made.dimensions} dimensions), the embedder is ${model} (${dimensions}): stop the processes and run npm run rebuild -- vectors.`,
    );
  }
}

async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw new ProcessingFailure('VECTOR_STORE_UNAVAILABLE', 'The vector store does not answer.', {
      cause: error,
    });
  }
}

const STORE_VECTORS = `
  insert into vectors (user_id, document_id, generation, chunk_index, embedding)
  select ?, o.document_id, o.generation, o.chunk_index, o.embedding::halfvec
    from jsonb_to_recordset(?::jsonb) as o (document_id uuid, generation integer, chunk_index integer, embedding text)
  on conflict (user_id, document_id, generation, chunk_index) do update set embedding = excluded.embedding`;

const STORE_PASSAGES = `
  insert into passages (user_id, document_id, generation, chunk_index, page, char_start, char_end, text)
  select ?, o.document_id, o.generation, o.chunk_index, o.page, o.char_start, o.char_end, o.text
    from jsonb_to_recordset(?::jsonb) as o (document_id uuid, generation integer, chunk_index integer, page integer, char_start integer,
                                            char_end integer, text text)
  on conflict (user_id, document_id, generation, chunk_index)
  do update set page = excluded.page, char_start = excluded.char_start, char_end = excluded.char_end, text = excluded.text`;

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

const ONLY_DOCUMENTS = `(?::jsonb is null or document_id in (select value::uuid from jsonb_array_elements_text(?::jsonb)))`;

/** Vectors have length 1, so the inner product is the cosine. */
const SEMANTIC = `
  with nearest as (
    select user_id, document_id, generation, chunk_index, embedding <#> ?::halfvec as negative_product
      from vectors where user_id = ? and ${ONLY_DOCUMENTS} order by 5 limit ?)
  select p.document_id, p.generation, p.chunk_index, p.page, p.char_start, p.char_end, p.text, greatest(0, -n.negative_product) as score
    from nearest n join passages p using (user_id, document_id, generation, chunk_index)
   order by n.negative_product, p.document_id, p.chunk_index`;

/**
 * A server ends a search after so long. The embedded engine cannot interrupt itself: there the
 * limits of KEYWORD bound a search.
 */
const SEARCH_TIMEOUT_MS = 5_000;
/**
 * Passages that are ranked, of those that have a word of the query: so many take the embedded
 * engine about 0.1 s.
 */
const MAX_RANKED = 20_000;

/**
 * Any of the words asked for, the more the better: what people expect of a search box. The server's
 * own parser takes the query apart, as it does with passages; its first distinct words are used.
 * `ts_rank` looks at each place of a word once, where `ts_rank_cd`, which also knows how close
 * words are, needs 20 times as long.
 */
const KEYWORD = `
  with lexemes as (select lexeme from unnest(to_tsvector('english', ?)) order by positions[1], lexeme limit ${MAX_SEARCH_WORDS}),
       asked as (select string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' | ')::tsquery as words from lexemes),
       found as (
         select document_id, generation, chunk_index, page, char_start, char_end, text, p.words, asked.words as asked_words
           from passages p, asked
          where user_id = ? and ${ONLY_DOCUMENTS} and p.words @@ asked.words limit ${MAX_RANKED})
  select document_id, generation, chunk_index, page, char_start, char_end, text, ts_rank(words, asked_words, 1 | 32) as score
    from found
   order by score desc, document_id, chunk_index limit ?`;

/**
 * One transaction, for the limits that hold within one. Between its steps it looks whether anybody
 * still waits.
 */
async function search(
  database: Database,
  query: VectorQuery,
  signal?: AbortSignal,
): Promise<VectorHit[]> {
  const { mode, vector } = query;
  signal?.throwIfAborted();
  return database.transaction(async (within) => {
    signal?.throwIfAborted();
    await within(`set local statement_timeout = ${SEARCH_TIMEOUT_MS}`);
    const semantic =
      mode === 'KEYWORD' || vector === null ? [] : await searchSemantic(within, query, vector);
    signal?.throwIfAborted();
    const keyword = mode === 'SEMANTIC' ? [] : await searchKeyword(within, query);
    if (mode === 'HYBRID' && vector !== null)
      return fuseRanks([semantic, keyword]).slice(0, query.limit);
    return mode === 'SEMANTIC' ? semantic : keyword;
  });
}

async function searchSemantic(
  query: Query,
  asked: VectorQuery,
  vector: Float32Array,
): Promise<VectorHit[]> {
  const only = toOnly(asked);
  const rows = await query<HitRow>(SEMANTIC, [
    toLiteral(vector),
    asked.userId,
    only,
    only,
    asked.limit,
  ]);
  return rows.map(toHit);
}

/** An index of words is read as a bitmap, which our connections else do without. */
async function searchKeyword(query: Query, asked: VectorQuery): Promise<VectorHit[]> {
  await query('set local enable_bitmapscan = on');
  const only = toOnly(asked);
  const rows = await query<HitRow>(KEYWORD, [asked.text, asked.userId, only, only, asked.limit]);
  return rows.map(toHit);
}

function toOnly({ documentIds }: VectorQuery): string | null {
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
