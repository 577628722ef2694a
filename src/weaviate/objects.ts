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

/** The tenant of one user in one collection. */
export interface TenantRef {
  client: WeaviateClient;
  collection: string;
  tenant: string;
}

/**
 * Returns 64 hexadecimal digits, the longest name that Weaviate allows. A tenant's name is also
 * that of a folder, so it must not hold every character that a user id may hold.
 */
export function toTenant(userId: string): string {
  return createHash('sha256').update(userId).digest('hex');
}

/**
 * The response to a batch is 200 even if objects were refused: the result of each object counts.
 */
export async function storeObjects(
  tenantRef: TenantRef,
  objects: readonly VectorObject[],
): Promise<void> {
  if (objects.length === 0) return;
  const batch = tenantRef.client.batch.objectsBatcher();
  for (const object of objects) batch.withObject(toWeaviateObject(tenantRef, object));
  const results = (await batch.do()).map(({ result }) => result);
  const refused = results.filter((result) => result?.status !== 'SUCCESS');
  if (refused.length === 0 && results.length === objects.length) return;
  throw new ProcessingFailure(
    'VECTOR_STORE_UNAVAILABLE',
    `The vector store confirmed only ${results.length - refused.length} of ${objects.length} ` +
      'passages; the document is retried later.',
    { cause: refused[0]?.errors?.error?.[0]?.message },
  );
}

/** The id is derived from the passage, so that storing the passage again replaces the object. */
function toWeaviateObject({ collection, tenant }: TenantRef, object: VectorObject): WeaviateObject {
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

interface CountResponse {
  data: { Aggregate: Record<string, { meta: { count: number } }[]> };
}

export async function countObjects(
  { client, collection, tenant }: TenantRef,
  where: WhereFilter,
): Promise<number> {
  const aggregate = client.graphql
    .aggregate()
    .withClassName(collection)
    .withTenant(tenant)
    .withWhere(where)
    .withFields('meta { count }');
  const response: CountResponse = await aggregate.do();
  return response.data.Aggregate[collection]?.[0]?.meta.count ?? 0;
}

/**
 * Repeats the call until no object matches: one call removes 10,000 objects at most
 * (QUERY_MAXIMUM_RESULTS of the server).
 */
export async function removeObjects(
  { client, collection, tenant }: TenantRef,
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
      throw new Error(`Weaviate removed none of ${results.matches} matching objects.`);
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
