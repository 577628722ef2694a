import { createHash } from 'node:crypto';
import {
  generateUuid5,
  type WeaviateClient,
  type WeaviateObject,
  type WhereFilter,
} from 'weaviate-ts-client';
import type { VectorObject } from '../documents/ports.js';
import { ProcessingFailure } from '../errors.js';
import { toTerms } from './terms.js';

/** One collection, one user: what every call names. */
export interface Place {
  client: WeaviateClient;
  collection: string;
  tenant: string;
}

/**
 * A user id may hold what a tenant's name, which is also that of a folder, must not. 64 hexadecimal
 * digits are the longest name there is.
 */
export function toTenant(userId: string): string {
  return createHash('sha256').update(userId).digest('hex');
}

/** The answer to a batch is 200 even where objects were refused: each one's own result counts. */
export async function storeObjects(place: Place, objects: readonly VectorObject[]): Promise<void> {
  if (objects.length === 0) return;
  const batch = place.client.batch.objectsBatcher();
  for (const object of objects) batch.withObject(toWeaviateObject(place, object));
  const results = (await batch.do()).map(({ result }) => result);
  const refused = results.filter((result) => result?.status !== 'SUCCESS');
  if (refused.length === 0 && results.length === objects.length) return;
  throw new ProcessingFailure(
    'VECTOR_STORE_UNAVAILABLE',
    `The vector store has confirmed ${results.length - refused.length} of ${objects.length} passages.`,
    { cause: refused[0]?.errors?.error?.[0]?.message },
  );
}

/** The id says what the object is: storing it again replaces it. */
function toWeaviateObject({ collection, tenant }: Place, object: VectorObject): WeaviateObject {
  const { documentId, generation, index, page, charStart, charEnd } = object;
  const text = object.text.replaceAll('\0', ' ');
  return {
    class: collection,
    tenant,
    id: generateUuid5(`${documentId}:${generation}:${index}`),
    properties: {
      documentId,
      generation,
      chunkIndex: index,
      page,
      charStart,
      charEnd,
      text,
      terms: toTerms(text),
    },
    vector: Array.from(object.vector),
  };
}

interface Counted {
  data: { Aggregate: Record<string, { meta: { count: number } }[]> };
}

export async function countObjects(
  { client, collection, tenant }: Place,
  where: WhereFilter,
): Promise<number> {
  const aggregate = client.graphql
    .aggregate()
    .withClassName(collection)
    .withTenant(tenant)
    .withWhere(where)
    .withFields('meta { count }');
  const counted: Counted = await aggregate.do();
  return counted.data.Aggregate[collection]?.[0]?.meta.count ?? 0;
}

/**
 * One call removes 10,000 objects at most (QUERY_MAXIMUM_RESULTS of the server), so it is repeated
 * until nothing matches.
 */
export async function removeObjects(
  { client, collection, tenant }: Place,
  where: WhereFilter,
): Promise<void> {
  for (;;) {
    const { results } = await client.batch
      .objectsBatchDeleter()
      .withClassName(collection)
      .withTenant(tenant)
      .withWhere(where)
      .do();
    if (!results?.matches) return;
    if (!results.successful)
      throw new Error(`None of ${results.matches} objects could be removed.`);
  }
}

export function ofDocument(documentId: string): WhereFilter {
  return { path: ['documentId'], operator: 'Equal', valueText: documentId };
}

export function ofGeneration(operator: 'Equal' | 'LessThan', generation: number): WhereFilter {
  return { path: ['generation'], operator, valueInt: generation };
}

export function fromIndex(index: number): WhereFilter {
  return { path: ['chunkIndex'], operator: 'GreaterThanEqual', valueInt: index };
}

export function allOf(...operands: WhereFilter[]): WhereFilter {
  return operands.length === 1 && operands[0] ? operands[0] : { operator: 'And', operands };
}
