/**
 * The first import of every entry: Node makes its pool with the first file that is touched. Each
 * upload waits for its flush to the disk in one of these threads, and flushes that wait at once are
 * one to the disk; with Node's own four, twenty uploads stand in five rows.
 */
const THREADS = '16';

// Not configuration of ours: whoever sets it means Node.
// eslint-disable-next-line no-restricted-properties
process.env['UV_THREADPOOL_SIZE'] ??= THREADS;
