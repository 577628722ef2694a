/** A process: configuration, build, listen, stop. */
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

/** A process of this role, until it is told to stop. */
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
  stopOn(logger, stop);
  try {
    const metrics = createMetrics({ role: config.kafka ? role : 'everything' });
    const onFatal = (error: unknown) => void fail(logger, stop, error);
    const app = await startApp({ config, logger, resources, readiness, metrics, onFatal }, role);
    printTable(config, app, role);
  } catch (error) {
    // Told to stop while it waited: the stop ends the process.
    if (error instanceof StoppedWhileWaitingError) return;
    await resources.close(config.shutdownDeadlineMs);
    exitWith(explain(error, config, logger));
  }
}

/** One rebuild, then the end of the process. */
export async function runRebuild(name: string): Promise<void> {
  if (!isRebuild(name))
    exitWith([`There is no rebuild "${name}". Rebuilds: ${Object.keys(REBUILDS).join(', ')}.`]);
  const config = readConfig();
  const logger = createLogger({ level: config.logLevel, forTerminal: process.stderr.isTTY });
  const resources = createResourceStack(logger);
  const readiness = createReadiness({ logger });
  try {
    const done = await REBUILDS[name]({
      config,
      logger,
      resources,
      readiness,
      metrics: createMetrics({ role: 'rebuild' }),
      onFatal: (error) => exitWith(explain(error, config, logger)),
    });
    process.stdout.write(`${done}\n`);
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
 * The launcher and this process end together: without it, nobody would know whose folder this
 * process still holds.
 */
function stopOn(
  logger: ProcessLogger,
  stop: (reason: string, code: number) => Promise<void>,
): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => void stop(signal, 0));
  if (process.channel) {
    process.once('disconnect', () => void stop('the launcher has ended', 0));
    process.channel.unref();
  }
  handleStrayErrors(logger);
}

async function fail(
  logger: ProcessLogger,
  stop: (reason: string, code: number) => Promise<void>,
  error: unknown,
): Promise<void> {
  logger.fatal({ err: error }, 'a part that cannot be replaced has ended');
  await stop('a part has ended', 1);
}

/** What a person can mend is one line; anything else is a bug and goes to the log. */
function explain(error: unknown, { host, port }: Config, logger: ProcessLogger): string[] {
  if (error instanceof DataDirError || error instanceof SetupError) return [error.message];
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE')
    return [`PORT ${port} on ${host} is in use: stop what uses it or set PORT to another.`];
  if (code === 'EACCES')
    return [`PORT ${port} on ${host} may not be opened by this user: set PORT to another.`];
  if (code === 'EADDRNOTAVAIL') return [`HOST ${host} is no address of this machine.`];
  logger.fatal({ err: error }, 'could not start');
  return ['docstream could not start; the line above says why.'];
}

function exitWith(lines: readonly string[]): never {
  process.stderr.write(`${lines.join('\n')}\n`);
  process.exit(1);
}

function printTable({ host }: Config, { parts, port }: App, role: Role): void {
  const width = (key: 'part' | 'adapter') => Math.max(...parts.map((row) => row[key].length));
  const rows = parts.map(
    (row) =>
      `  ${row.part.padEnd(width('part'))}  ${row.adapter.padEnd(width('adapter'))}  ${row.address}`,
  );
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const ready =
    role === 'api'
      ? `docstream is ready at ${address} (playground: ${address}/playground)`
      : `docstream ${role} is ready: ${address}/readyz`;
  process.stdout.write(`\n${rows.join('\n')}\n\n  ${ready}\n\n`);
}
