import { connect, WeaviateResponseError, type ConnectionOptions } from './connection.js';
import { COLLECTION } from './vectors.js';

/** Deletes all vectors of all users, and the name of their model. No-op without a collection. */
export async function dropCollection(options: ConnectionOptions): Promise<void> {
  const { client, stop } = connect(options);
  try {
    await client.schema.classDeleter().withClassName(COLLECTION).do();
  } catch (error) {
    if (!(error instanceof WeaviateResponseError && error.status === 404)) throw error;
  } finally {
    stop();
  }
}
