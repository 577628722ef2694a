/** `npm run rebuild -- vectors | topics`. */
import './runtime/thread-pool.js';
import { runRebuild } from './run-process.js';

await runRebuild(process.argv[2] ?? '');
