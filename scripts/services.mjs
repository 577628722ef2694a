/* global AbortController */
/**
 * Real servers for whoever has no Docker: Kafka, PostgreSQL, Redis, Weaviate, the Firebase Auth
 * emulator and a stand-in for Cohere, each on a free port of loopback, running on after this
 * command has ended.
 *
 *     npm run services -- up [NAME …] [--install]    start them (all, when none is named) and write services.env
 *     npm run services -- down [NAME …] [--remove]   stop them; with --remove their data goes too
 *     npm run services -- status
 *     npm run services -- stop NAME … [--kill]       for tests of faults: the ports and the data stay, services.env too
 *     npm run services -- start NAME …
 *     npm run services -- restart NAME … [--kill]
 *
 * --folder DIR keeps data, logs, state and services.env elsewhere, so that several sets can run; DOCSTREAM_CACHE moves everything.
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
    throw new Error('npm run services runs on Linux only; elsewhere use docker compose');
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

/** What was started by an interrupted command is ended by it. */
function interrupted() {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => controller.abort(new Error(`interrupted by ${signal}`)));
  return controller.signal;
}
