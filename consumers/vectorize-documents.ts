/**
 * The entry of the worker process: a member of the consumer group that turns documents into
 * vectors.
 */
import '../src/runtime/thread-pool.js';
import { runProcess } from '../src/run-process.js';

await runProcess('worker');
