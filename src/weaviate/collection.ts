import type { WeaviateClient } from 'weaviate-ts-client';
import { SetupError } from '../errors.js';
import { WeaviateAnswerError } from './connection.js';

export interface Maker {
  model: string;
  dimensions: number;
}

/**
 * Makes the collection where there is none. Throws SetupError when the one there was made for
 * another model or other dimensions.
 */
export async function ensureCollection(
  client: WeaviateClient,
  collection: string,
  maker: Maker,
): Promise<void> {
  const made = (await readMaker(client, collection)) ?? (await create(client, collection, maker));
  if (made.model !== maker.model || made.dimensions !== maker.dimensions) {
    throw new SetupError(
      `The vectors in the store were made by ${made.model} (${made.dimensions} dimensions), the embedder is ${maker.model} (${maker.dimensions}): stop the processes and run npm run rebuild -- vectors.`,
    );
  }
}

async function readMaker(client: WeaviateClient, collection: string): Promise<Maker | null> {
  try {
    const { description } = await client.schema.classGetter().withClassName(collection).do();
    return parseMaker(description);
  } catch (error) {
    if (error instanceof WeaviateAnswerError && error.status === 404) return null;
    throw error;
  }
}

/** Of two processes that start at once one is refused, and finds what the other has made. */
async function create(client: WeaviateClient, collection: string, maker: Maker): Promise<Maker> {
  try {
    await client.schema.classCreator().withClass(describeCollection(collection, maker)).do();
    return maker;
  } catch (error) {
    const made = await readMaker(client, collection);
    if (made === null) throw error;
    return made;
  }
}

/**
 * The description is the one place of a collection that is ours: it remembers who made the vectors.
 */
function parseMaker(description = ''): Maker {
  const start = description.indexOf('{');
  const parsed: unknown =
    start !== -1 && description.endsWith('}') ? JSON.parse(description.slice(start)) : null;
  if (typeof parsed === 'object' && parsed !== null && 'model' in parsed && 'dimensions' in parsed)
    return parsed as Maker;
  return { model: 'an unknown model', dimensions: 0 };
}

const UNINDEXED = { indexFilterable: false, indexSearchable: false };

/**
 * `terms` is what keywords are looked up in: the words of `text` as terms.ts makes them. The index
 * is flat, which means exact: most users have few passages, a graph for each of them would sit in
 * memory, and the embedded store is exact too.
 */
function describeCollection(collection: string, maker: Maker): object {
  return {
    class: collection,
    description: `Passages of documents. ${JSON.stringify({ model: maker.model, dimensions: maker.dimensions })}`,
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
