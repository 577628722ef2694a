import { connect, WeaviateAnswerError, type ConnectionOptions } from './connection.js';
import { COLLECTION } from './vectors.js';

/** Every vector of every user, and who made them. Quiet when there is no collection. */
export async function dropCollection(options: ConnectionOptions): Promise<void> {
  const { client, stop } = connect(options);
  try {
    await client.schema.classDeleter().withClassName(COLLECTION).do();
  } catch (error) {
    if (!(error instanceof WeaviateAnswerError && error.status === 404)) throw error;
  } finally {
    stop();
  }
}
