/**
 * Sets the size of Node's thread pool. This module must be the first import of every entry, because
 * Node creates the pool at the first access to a file. Each upload occupies a thread while the disk
 * flushes the file, and the disk serves concurrent flushes together. Node's default is four
 * threads, so twenty uploads would need five flushes in a row.
 */
const THREADS = '16';

// This variable configures Node, not the product, so src/config.ts does not read it.
// eslint-disable-next-line no-restricted-properties
process.env['UV_THREADPOOL_SIZE'] ??= THREADS;
