import { built, openEmbeddedDatabase } from '../support/built.js';
import { describeVectorStoreContract, DIMENSIONS } from '../support/contracts/vector-store.js';

type VectorsModule = typeof import('../../src/postgres/vectors.js');

const { createVectorStore } = await built<VectorsModule>('postgres/vectors.js');

describeVectorStoreContract('pgvector in the embedded PostgreSQL', async () => {
  const { database, close } = await openEmbeddedDatabase();
  const model = 'a-model';
  const reopen = (name: string, dimensions: number) =>
    createVectorStore({ database, model: name, dimensions });
  return { store: await reopen(model, DIMENSIONS), reopen, model, close };
});
