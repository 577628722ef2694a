/** The API process; with no variable set it is the whole product. */
import { runProcess } from './run-process.js';

await runProcess('api');
