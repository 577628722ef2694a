/**
 * The vector store on a real Weaviate: what every vector store promises, then what this one does
 * when Weaviate fails.
 */
import { randomUUID } from 'node:crypto';
import { createWeaviateVectorStore } from '../../src/weaviate/vectors.js';
import { describeVectorStoreContract, DIMENSIONS } from '../support/contracts/vector-store.js';
import { makeLogger } from '../support/make-logger.js';
import '../support/one-error-class.js';
import { describeWith } from '../support/real-server.js';

/** A collection's name starts with a capital. */
const makeCollection = () => `Test${randomUUID().replaceAll('-', '')}`;

describeWith('WEAVIATE_URL', (url) => {
  describeVectorStoreContract('Weaviate', async () => {
    const model = 'a-model';
    const collection = makeCollection();
    const reopen = (name: string, dimensions: number) =>
      createWeaviateVectorStore({
        url,
        apiKey: null,
        model: name,
        dimensions,
        timeoutMs: 10_000,
        logger: makeLogger(),
        collection,
      });
    const store = await reopen(model, DIMENSIONS);
    return { store, reopen, model, close: () => store.stop() };
  });
});
