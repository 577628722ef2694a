import type { WeaviateClient } from 'weaviate-ts-client';
import { assertSameModel, type CollectionModel } from '../documents/assert-same-model.js';
import { WeaviateResponseError } from './connection.js';

/**
 * Creates the collection unless it exists. Throws SetupError if the existing one holds vectors of
 * another model or of other dimensions.
 */
export async function ensureCollection(
  client: WeaviateClient,
  collection: string,
  model: CollectionModel,
): Promise<void> {
  const found =
    (await readCollectionModel(client, collection)) ?? (await create(client, collection, model));
  assertSameModel(found, model);
}

/** Returns null if there is no such collection. */
async function readCollectionModel(
  client: WeaviateClient,
  collection: string,
): Promise<CollectionModel | null> {
  try {
    const { description } = await client.schema.classGetter().withClassName(collection).do();
    return parseModel(description);
  } catch (error) {
    if (error instanceof WeaviateResponseError && error.status === 404) return null;
    throw error;
  }
}

/** If two processes start at once, the server refuses one, which then reads the other's model. */
async function create(
  client: WeaviateClient,
  collection: string,
  model: CollectionModel,
): Promise<CollectionModel> {
  try {
    await client.schema.classCreator().withClass(describeCollection(collection, model)).do();
    return model;
  } catch (error) {
    const found = await readCollectionModel(client, collection);
    if (found === null) throw error;
    return found;
  }
}

/** The description is the only field of a collection that can hold the model of its vectors. */
function parseModel(description = ''): CollectionModel {
  const start = description.indexOf('{');
  const parsed: unknown =
    start !== -1 && description.endsWith('}') ? JSON.parse(description.slice(start)) : null;
  if (typeof parsed === 'object' && parsed !== null && 'model' in parsed && 'dimensions' in parsed)
    return parsed as CollectionModel;
  return { model: 'an unknown model', dimensions: 0 };
}

const UNINDEXED = { indexFilterable: false, indexSearchable: false };

/**
 * A keyword search reads `terms`: the words of `text` as terms.ts makes them. The vector index is
 * flat, which means exact. Most users have few passages, a graph index for each user would take
 * memory, and the in-process store is exact too.
 */
function describeCollection(collection: string, { model, dimensions }: CollectionModel): object {
  return {
    class: collection,
    description: `Passages of documents. ${JSON.stringify({ model, dimensions })}`,
    vectorizer: 'none',
    vectorIndexType: 'flat',
    vectorIndexConfig: { distance: 'cosine' },
    multiTenancyConfig: { enabled: true, autoTenantCreation: true, autoTenantActivation: true },
    invertedIndexConfig: { stopwords: { preset: 'none' } },
    properties: [
      {
        name: 'documentId',
        dataType: ['text'],
        tokenization: 'field',
        indexFilterable: true,
        indexSearchable: false,
      },
      { name: 'generation', dataType: ['int'], indexFilterable: true },
      { name: 'chunkIndex', dataType: ['int'], indexFilterable: true },
      { name: 'page', dataType: ['int'], indexFilterable: false },
      { name: 'charStart', dataType: ['int'], indexFilterable: false },
      { name: 'charEnd', dataType: ['int'], indexFilterable: false },
      { name: 'text', dataType: ['text'], ...UNINDEXED },
      {
        name: 'terms',
        dataType: ['text'],
        tokenization: 'whitespace',
        indexFilterable: false,
        indexSearchable: true,
      },
    ],
  };
}
