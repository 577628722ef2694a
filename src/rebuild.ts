/** `npm run rebuild -- vectors | topics`. */
import { runRebuild } from './run-process.js';

await runRebuild(process.argv[2] ?? '');
