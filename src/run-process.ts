/** The life of a process: read the configuration, start, listen, stop, exit. */
import { startApp, type App, type Role } from './app.js';
import { ConfigError, loadConfig, type Config } from './config.js';
import { DataDirError } from './in-process/data-dir-lock.js';
import { SetupError } from './errors.js';
import { createMetrics } from './metrics/metrics.js';
import type { ProcessLogger } from './runtime/logger.js';
import { createLogger } from './runtime/pino-logger.js';
import { REBUILDS } from './app/rebuild.js';
import { createReadiness, StoppedWhileWaitingError } from './app/readiness.js';
import { handleStrayErrors } from './runtime/process-handlers.js';
import { createResourceStack } from './runtime/resource-stack.js';

/** Runs a process of this role until a signal stops it. */
export async function runProcess(role: Role): Promise<void> {
  const config = readConfig();
  const logger = createLogger({ level: config.logLevel, forTerminal: process.stderr.isTTY });
  const resources = createResourceStack(logger);
  const readiness = createReadiness({ logger });
  const stop = async (reason: string, code: number): Promise<void> => {
    logger.info({ reason }, 'stopping');
    readiness.stop();
    const clean = await resources.close(config.shutdownDeadlineMs);
    process.exit(clean ? code : 1);
  };
  stopOnSignals(logger, stop);
  try {
    const metrics = createMetrics({ role: config.kafka ? role : 'everything' });
    const onFatal = (error: unknown) => void fail(logger, stop, error);
    const app = await startApp({ config, logger, resources, readiness, metrics, onFatal }, role);
    printTable(config, app, role);
  } catch (error) {
    // `stop` is running and ends the process.
    if (error instanceof StoppedWhileWaitingError) return;
    await resources.close(config.shutdownDeadlineMs);
    exitWith(explain(error, config, logger));
  }
}

/** Runs one rebuild and ends the process. */
export async function runRebuild(name: string): Promise<void> {
  if (!isRebuild(name))
    exitWith([
      `Unknown rebuild "${name}". Available rebuilds: ${Object.keys(REBUILDS).join(', ')}.`,
    ]);
  const config = readConfig();
  const logger = createLogger({ level: config.logLevel, forTerminal: process.stderr.isTTY });
  const resources = createResourceStack(logger);
  const readiness = createReadiness({ logger });
  try {
    const summary = await REBUILDS[name]({
      config,
      logger,
      resources,
      readiness,
      metrics: createMetrics({ role: 'rebuild' }),
      onFatal: (error) => exitWith(explain(error, config, logger)),
    });
    process.stdout.write(`${summary}\n`);
    await resources.close(config.shutdownDeadlineMs);
    process.exit(0);
  } catch (error) {
    await resources.close(config.shutdownDeadlineMs);
    exitWith(explain(error, config, logger));
  }
}

function isRebuild(name: string): name is keyof typeof REBUILDS {
  return Object.hasOwn(REBUILDS, name);
}

function readConfig(): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (error instanceof ConfigError) exitWith(error.problems);
    throw error;
  }
}

/**
 * Stops the process on SIGINT, on SIGTERM, and when the launcher ends: without the launcher, nobody
 * would know which process still holds the data folder.
 */
function stopOnSignals(
  logger: ProcessLogger,
  stop: (reason: string, code: number) => Promise<void>,
): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => void stop(signal, 0));
  if (process.channel) {
    process.once('disconnect', () => void stop('the launcher ended', 0));
    process.channel.unref();
  }
  handleStrayErrors(logger);
}

async function fail(
  logger: ProcessLogger,
  stop: (reason: string, code: number) => Promise<void>,
  error: unknown,
): Promise<void> {
  logger.fatal({ err: error }, 'a required component stopped; shutting down');
  await stop('a required component stopped', 1);
}

/** Returns one line for what a person can fix. Anything else is a bug and goes to the log. */
function explain(error: unknown, { host, port }: Config, logger: ProcessLogger): string[] {
  if (error instanceof DataDirError || error instanceof SetupError) return [error.message];
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return [`PORT ${port} on ${host} is in use; stop the other process or set another PORT.`];
  if (code === 'EACCES')
    return [`This user may not open PORT ${port} on ${host}; set PORT to 1024 or more.`];
  if (code === 'EADDRNOTAVAIL')
    return [`HOST ${host} is not an address of this machine; correct HOST.`];
  logger.fatal({ err: error }, 'failed to start; exiting');
  return ['docstream failed to start; the log line above has the reason.'];
}

function exitWith(lines: readonly string[]): never {
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(1);
}

function printTable({ host }: Config, { adapters, port }: App, role: Role): void {
  const widthOf = (key: 'component' | 'adapter') =>
    Math.max(...adapters.map((row) => row[key].length));
  const columns = { component: widthOf('component'), adapter: widthOf('adapter') };
  const rows = adapters.map(
    ({ component, adapter, address }) =>
      `  ${component.padEnd(columns.component)}  ${adapter.padEnd(columns.adapter)}  ${address}`,
  );
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const summary =
    role === 'api'
      ? `docstream is ready at ${address} (playground: ${address}/playground)`
      : `docstream ${role} is ready: ${address}/readyz`;
  process.stdout.write(`\n${rows.join('\n')}\n\n  ${summary}\n\n`);
}
