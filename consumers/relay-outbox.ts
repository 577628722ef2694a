/**
 * The entry of the relay process, which publishes the outbox to Kafka. It runs at lower priority
 * than the API: nobody waits for it, and it catches up in larger batches.
 */
import '../src/runtime/thread-pool.js';
import { setPriority } from 'node:os';
import { runProcess } from '../src/run-process.js';

/** Steps of niceness. On Linux, 5 is about a third of the CPU share of a normal process. */
const NICENESS = 5;

setPriority(NICENESS);
await runProcess('relay');
