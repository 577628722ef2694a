import type { BlobStore } from '../documents/ports.js';

export interface OpenBlobStore extends BlobStore {
  /** Rejects when the store cannot be reached. */
  check(): Promise<void>;
  /** Resolves when what was being written is there, or gone. */
  stop(): Promise<void>;
}
