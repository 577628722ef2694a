/** The entry of `npm run rebuild -- vectors | topics | files`. */
import './runtime/thread-pool.js';
import { runRebuild } from './run-process.js';

await runRebuild(process.argv[2] ?? '');
