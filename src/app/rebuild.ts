/**
 * The rebuilds of `npm run rebuild`. `vectors` and `topics` restore data from PostgreSQL and the
 * files, after a change of the model or a loss of the vector store or of Kafka. They only fill the
 * queue and the outbox; workers and relays do the work. `files` accepts another blob store.
 */
import { createBlobStore } from '../blobs/create-blob-store.js';
import { createInstallationMarker } from '../blobs/installation-marker.js';
import { SetupError } from '../errors.js';
import { createInstallation } from '../postgres/installation.js';
import { OUTBOX_SHARDS } from '../messages/topics.js';
import { clearVectors, requeueCompleted, requeueEvents } from '../postgres/requeue.js';
import { dropCollection } from '../weaviate/drop-collection.js';
import type { AppContext } from './app-context.js';
import { openDatabaseAdapter } from './open-adapters.js';

const TIMEOUT_MS = 30_000;

export const REBUILDS = {
  vectors: rebuildVectors,
  topics: rebuildTopics,
  files: acceptBlobStore,
} as const;

async function rebuildVectors(context: AppContext): Promise<string> {
  const { weaviate } = context.config;
  const database = await openDatabaseAdapter(context, { unlimited: true });
  if (weaviate)
    await context.readiness.open('weaviate', () =>
      dropCollection({ ...weaviate, timeoutMs: TIMEOUT_MS }),
    );
  else await clearVectors(database);
  const count = await requeueCompleted(database);
  return (
    `Deleted all vectors and queued ${count} documents again. Start the workers to embed them. ` +
    'Searches do not find a document until it is embedded.'
  );
}

async function rebuildTopics(context: AppContext): Promise<string> {
  const database = await openDatabaseAdapter(context, { unlimited: true });
  const count = await requeueEvents(database);
  return (
    `Queued ${count} events in ${OUTBOX_SHARDS} shards to be published again. Start the relays to ` +
    'publish them. Consumers that keep the highest seq of a document ignore the repeats.'
  );
}

/** Writes the marker of this installation to a blob store that was emptied or replaced. */
async function acceptBlobStore(context: AppContext): Promise<string> {
  const { blobUrl } = context.config;
  if (blobUrl === null)
    throw new SetupError(
      'BLOB_URL is not set. Only a blob store that several processes share has a marker; set BLOB_URL.',
    );
  const installation = createInstallation({ database: await openDatabaseAdapter(context) });
  const blobs = await createBlobStore(blobUrl);
  context.resources.push('blob store', () => blobs.stop());
  await installation.unmark();
  await createInstallationMarker({ blobs, installation }).write();
  return (
    'Wrote the marker of this installation to the blob store at BLOB_URL. ' +
    'A document whose file is not in the store fails with BLOB_MISSING when it is processed.'
  );
}
