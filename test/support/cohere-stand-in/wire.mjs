/**
 * The wire format of Cohere's v2 embed and rerank: what they reject, and how they respond.
 * https://docs.cohere.com/v2/reference/embed
 */
import { randomUUID } from 'node:crypto';
import { cosine, toVector } from './hash-vectors.mjs';

const MAX_TEXTS = 96;
const MAX_DOCUMENTS = 1_000;
const INPUT_TYPES = ['search_document', 'search_query', 'classification', 'clustering', 'image'];
/** The dimensions that embed-v4.0 supports. */
const OUTPUT_DIMENSIONS = [256, 512, 1024, 1536];
const META = { api_version: { version: '2' } };
/**
 * The placeholder that the server replaces with the bare word NaN. JSON has no NaN, but Python's
 * serialiser writes it.
 */
export const NAN_WORD = 'the bare word NaN';
/** The approximate length of a billed token. */
const CHARACTERS_PER_TOKEN = 4;

/** Returns the message of a body that is rejected with 400; null for a valid body. */
export function refuseEmbed(body, { dimensions }) {
  const {
    model,
    texts,
    input_type: inputType,
    embedding_types: types = ['float'],
    output_dimension: wanted,
  } = body;
  if (typeof model !== 'string' || model === '') return 'invalid request: model is required';
  if (!isTexts(texts)) return 'invalid request: texts must be a list of strings';
  if (texts.length === 0) return 'invalid request: at least one text is required';
  if (texts.length > MAX_TEXTS)
    return `invalid request: total number of texts must be at most ${MAX_TEXTS} - received ${texts.length}`;
  if (!INPUT_TYPES.includes(inputType))
    return `invalid request: input_type must be one of ${INPUT_TYPES.join(', ')}`;
  if (!isTexts(types) || types.some((type) => type !== 'float'))
    return 'the stand-in gives embedding_types ["float"] only';
  if (wanted !== undefined && wanted !== dimensions && !OUTPUT_DIMENSIONS.includes(wanted))
    return `invalid request: output_dimension must be one of ${OUTPUT_DIMENSIONS.join(', ')}`;
  return null;
}

/** `spoiled`: the faults that a test has ordered for this response. */
export function embed({ texts, output_dimension: wanted }, { dimensions, spoiled }) {
  const vectors = texts.map((text) => toVector(text, spoiled.dimensions ?? wanted ?? dimensions));
  const missing = Number(spoiled.tooFew ?? 0);
  // JavaScript's serialiser writes null for NaN.
  if (spoiled.nan) vectors[0][0] = spoiled.nan === 'word' ? NAN_WORD : null;
  const billed = {
    input_tokens: texts.reduce(
      (sum, text) => sum + Math.ceil(text.length / CHARACTERS_PER_TOKEN),
      0,
    ),
  };
  return {
    id: randomUUID(),
    embeddings: { float: vectors.slice(0, Math.max(0, vectors.length - missing)) },
    texts,
    meta: { ...META, billed_units: billed },
    response_type: 'embeddings_by_type',
  };
}

export function refuseRerank({ model, query, documents, top_n: topN }) {
  if (typeof model !== 'string' || model === '') return 'invalid request: model is required';
  if (typeof query !== 'string' || query === '') return 'invalid request: query is required';
  if (!isTexts(documents) || documents.length === 0)
    return 'invalid request: documents must be a list of at least one string';
  if (documents.length > MAX_DOCUMENTS)
    return `invalid request: at most ${MAX_DOCUMENTS} documents`;
  if (topN !== undefined && !(Number.isInteger(topN) && topN > 0))
    return 'invalid request: top_n must be at least 1';
  return null;
}

export function rerank(
  { query, documents, top_n: topN = documents.length },
  { dimensions, spoiled },
) {
  const wanted = toVector(query, dimensions);
  const results = documents
    .map((document, index) => ({
      index,
      relevance_score: Math.max(0, cosine(wanted, toVector(document, dimensions))),
    }))
    .sort((a, b) => b.relevance_score - a.relevance_score)
    .slice(0, Math.max(0, Math.min(topN, documents.length) - Number(spoiled.tooFew ?? 0)));
  return { id: randomUUID(), results, meta: { ...META, billed_units: { search_units: 1 } } };
}

function isTexts(value) {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
