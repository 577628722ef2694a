/**
 * Makes anew, from PostgreSQL and the files, what can be: the vectors, after another model was
 * chosen or the store was lost, and the topics, after Kafka was. It only puts into the queue and
 * the outbox; workers and relays do the rest. `files` takes over another blob store.
 */
import { createBlobStore } from '../blobs/create-blob-store.js';
import { createInstallationMarker } from '../blobs/installation-marker.js';
import { SetupError } from '../errors.js';
import { createInstallation } from '../postgres/installation.js';
import { OUTBOX_SHARDS } from '../messages/topics.js';
import { clearVectors, requeueCompleted, requeueEvents } from '../postgres/requeue.js';
import { dropCollection } from '../weaviate/drop-collection.js';
import { openDatabasePart, type AppContext } from './open-adapters.js';

const TIMEOUT_MS = 30_000;

export const REBUILDS = {
  vectors: rebuildVectors,
  topics: rebuildTopics,
  files: markFiles,
} as const;

async function rebuildVectors(context: AppContext): Promise<string> {
  const { weaviate } = context.config;
  const database = await openDatabasePart(context, { unlimited: true });
  if (weaviate)
    await context.readiness.open('weaviate', () =>
      dropCollection({ ...weaviate, timeoutMs: TIMEOUT_MS }),
    );
  else await clearVectors(database);
  const count = await requeueCompleted(database);
  return `The vectors are gone and ${count} documents wait to be embedded again: start the processes. Until a document is done, searches don't find it.`;
}

async function rebuildTopics(context: AppContext): Promise<string> {
  const database = await openDatabasePart(context, { unlimited: true });
  const count = await requeueEvents(database);
  return `${count} events wait in ${OUTBOX_SHARDS} shards to be published again: consumers that keep the highest seq of a document see nothing new.`;
}

/**
 * After the blob store was emptied or replaced: from here on the one at BLOB_URL is this
 * installation's.
 */
async function markFiles(context: AppContext): Promise<string> {
  const { blobUrl } = context.config;
  if (blobUrl === null)
    throw new SetupError(
      'BLOB_URL is not set: only a store that several processes share has a marker.',
    );
  const installation = createInstallation({ database: await openDatabasePart(context) });
  const blobs = await createBlobStore(blobUrl);
  context.resources.push('blob store', () => blobs.stop());
  await installation.unmark();
  await createInstallationMarker({ blobs, installation }).write();
  return 'The store at BLOB_URL bears the marker of this installation. Documents whose files it does not hold fail with BLOB_MISSING when they are processed.';
}
