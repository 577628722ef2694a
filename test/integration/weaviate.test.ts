/** The contract of the vector store, on a real Weaviate. */
import { randomUUID } from 'node:crypto';
import { createWeaviateVectorStore } from '../../src/weaviate/vectors.js';
import { describeVectorStoreContract, DIMENSIONS } from '../support/contracts/vector-store.js';
import { makeLogger } from '../support/make-logger.js';
import '../support/one-error-class.js';
import { describeWith } from '../support/real-server.js';

/** The name of a collection starts with a capital letter. */
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
