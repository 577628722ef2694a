/** The entry of the API process. Without KAFKA_BROKERS it is the whole product. */
import './runtime/thread-pool.js';
import { runProcess } from './run-process.js';

await runProcess('api');
