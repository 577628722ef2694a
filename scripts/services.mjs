/* global AbortController */
/**
 * Starts real servers without Docker: Kafka, PostgreSQL, Redis, Weaviate, the Firebase Auth
 * emulator and a stand-in for Cohere. Each listens on a free loopback port and outlives this
 * command.
 *
 *     npm run services -- up [NAME …] [--install]    start them (default: all), write services.env
 *     npm run services -- down [NAME …] [--remove]   stop them, and delete their data with --remove
 *     npm run services -- status
 *     npm run services -- stop NAME … [--kill]       stop them; keep ports, data, services.env
 *     npm run services -- start NAME …
 *     npm run services -- restart NAME … [--kill]
 *
 * --folder DIR keeps data, logs, state and services.env in DIR, so that several sets can run.
 * DOCSTREAM_CACHE moves everything.
 */
import { parseArgs } from 'node:util';
import { down, restart, startAgain, status, stopOnly, up } from './services/commands.mjs';
import { withLock } from './services/lock.mjs';
import { cacheFolder, runFolder } from './services/folders.mjs';
import { openState } from './services/state.mjs';

const USAGE =
  'npm run services -- up | down | status | start NAME | stop NAME | restart NAME [--folder DIR] [--install] [--remove] [--kill]';

const COMMANDS = { up, down, start: startAgain, stop: stopOnly, restart };

process.exitCode = await main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  return 1;
});

async function main() {
  const { values, positionals } = parse();
  const [command, ...names] = positionals;
  if (process.platform !== 'linux')
    throw new Error('npm run services runs on Linux only; use docker compose on other systems');
  const folder = runFolder(values.folder);
  const toContext = () => ({
    cache: cacheFolder(),
    folder,
    state: openState(folder),
    signal: interrupted(),
  });
  if (command === 'status') return status(toContext());
  if (!Object.hasOwn(COMMANDS, command ?? '')) throw new Error(USAGE);
  return withLock(folder, () => COMMANDS[command](names, toContext(), values));
}

function parse() {
  const flag = { type: 'boolean', default: false };
  const options = { folder: { type: 'string' }, install: flag, remove: flag, kill: flag };
  return parseArgs({ options, allowPositionals: true });
}

/** Returns a signal that aborts when this command is interrupted; it then stops what it started. */
function interrupted() {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => controller.abort(new Error(`interrupted by ${signal}`)));
  return controller.signal;
}
