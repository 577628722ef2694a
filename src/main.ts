/** The API process; with no variable set it is the whole product. */
import './runtime/thread-pool.js';
import { runProcess } from './run-process.js';

await runProcess('api');
