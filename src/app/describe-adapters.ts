import { join } from 'node:path';
import type { Config } from '../config.js';
import type { Adapters } from './open-adapters.js';

/** One row of the table that a process prints at start. */
export interface AdapterRow {
  component: string;
  adapter: string;
  address: string;
}

/**
 * Returns one row for each port. Addresses are shown without user names, passwords and query
 * strings. `adapters` is null in a process that opens no embedder.
 */
export function describeAdapters(
  config: Config,
  adapters: Pick<Adapters, 'embedder'> | null,
): AdapterRow[] {
  return [
    describeDatabase(config),
    describeEventLog(config),
    describeStatusBus(config),
    describeVectorStore(config, adapters),
    describeEmbedder(config, adapters),
    describeIdentity(config),
    describeBlobStore(config),
  ];
}

function describeDatabase({ database, dataDir }: Config): AdapterRow {
  return database
    ? toRow('Database', 'PostgreSQL', redactUrl(database.url))
    : toRow('Database', 'PGlite (PostgreSQL in WASM)', join(dataDir, 'postgres'));
}

function describeEventLog({ kafka }: Config): AdapterRow {
  return kafka
    ? toRow('Event log', 'Apache Kafka', kafka.brokers.join(', '))
    : toRow('Event log', 'in-process delivery', 'this process');
}

function describeStatusBus({ redis }: Config): AdapterRow {
  return redis
    ? toRow('Status bus', 'Redis', redactUrl(redis.url))
    : toRow('Status bus', 'in-process', 'this process');
}

function describeVectorStore(
  { weaviate }: Config,
  adapters: Pick<Adapters, 'embedder'> | null,
): AdapterRow {
  if (weaviate) return toRow('Vector store', 'Weaviate', redactUrl(weaviate.url));
  const dimensions = adapters?.embedder.dimensions ?? 0;
  return toRow('Vector store', 'pgvector in the database', `${dimensions} dimensions`);
}

function describeEmbedder(
  { cohere }: Config,
  adapters: Pick<Adapters, 'embedder'> | null,
): AdapterRow {
  const model = adapters?.embedder.model ?? cohere?.model ?? 'local model';
  return toRow('Embedder', model, cohere ? redactUrl(cohere.baseUrl) : 'worker threads');
}

function describeIdentity({ firebase }: Config): AdapterRow {
  return firebase
    ? toRow('Identity', 'Firebase', firebase.projectId)
    : toRow('Identity', 'tokens dev:<user>', 'loopback only');
}

function describeBlobStore({ blobUrl, dataDir }: Config): AdapterRow {
  return blobUrl === null
    ? toRow('Blob store', 'folder', join(dataDir, 'blobs'))
    : toRow('Blob store', new URL(blobUrl).protocol.slice(0, -1), redactUrl(blobUrl));
}

function toRow(component: string, adapter: string, address: string): AdapterRow {
  return { component, adapter, address };
}

function redactUrl(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
}
