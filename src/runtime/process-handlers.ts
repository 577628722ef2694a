import { limitLines } from './limit-lines.js';
import type { Logger } from './logger.js';

/**
 * The last line of defence: an error that nobody caught is a bug, is logged, and ends nothing. What
 * it left half done is covered by the database, whose transactions and leases expect that a process
 * stops at any moment. The handlers themselves cannot throw.
 */
export function handleStrayErrors(unlimited: Logger): void {
  const logger = limitLines(unlimited);
  process.on('unhandledRejection', (error) =>
    report(logger, error, 'unhandled promise rejection; the process keeps running'),
  );
  process.on('uncaughtException', (error) =>
    report(logger, error, 'uncaught exception; the process keeps running'),
  );
  redirectConsole(logger);
}

/**
 * Libraries write to the console, past the log and without a limit. What they write may quote a
 * client's data, so only the fact is logged.
 */
function redirectConsole(logger: Logger): void {
  for (const method of ['error', 'warn', 'info', 'log', 'debug'] as const) {
    // eslint-disable-next-line no-console -- replaced here, so that nothing writes to it
    console[method] = (first: unknown, ...rest: unknown[]) => {
      const error = [first, ...rest].find((value) => value instanceof Error);
      report(logger, error, 'a library wrote to the console');
    };
  }
}

function report(logger: Logger, error: unknown, message: string): void {
  try {
    logger.error({ err: error }, message);
  } catch {
    // A log that fails must not turn one error into another.
  }
}
