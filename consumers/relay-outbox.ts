/** The relay process: what is committed to the outbox, on to Kafka. */
import { runProcess } from '../src/run-process.js';

await runProcess('relay');
