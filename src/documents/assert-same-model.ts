import { SetupError } from '../errors.js';

/** The embedding model that made the vectors of a collection, and the length of each vector. */
export interface CollectionModel {
  model: string;
  dimensions: number;
}

/**
 * Throws SetupError if the stored vectors were made by another model or with other dimensions:
 * their distances to the vectors of the configured model would mean nothing.
 */
export function assertSameModel(stored: CollectionModel, configured: CollectionModel): void {
  if (stored.model === configured.model && stored.dimensions === configured.dimensions) return;
  throw new SetupError(
    `The stored vectors were made by ${describe(stored)}, but the configured model is ` +
      `${describe(configured)}; stop the processes and run npm run rebuild -- vectors.`,
  );
}

function describe({ model, dimensions }: CollectionModel): string {
  return `${model} (${dimensions} dimensions)`;
}
