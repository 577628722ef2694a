/**
 * The relay process: what is committed to the outbox, on to Kafka. Nobody waits for it as people
 * wait for the API, and what it could not tell at once it tells in larger batches: on a machine
 * that they share, it gives way.
 */
import '../src/runtime/thread-pool.js';
import { setPriority } from 'node:os';
import { runProcess } from '../src/run-process.js';

/** In steps of niceness: about a third of the weight that others have on Linux. */
const GIVES_WAY = 5;

setPriority(GIVES_WAY);
await runProcess('relay');
