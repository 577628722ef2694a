import { limitLines } from './limit-lines.js';
import type { Logger } from './logger.js';

/**
 * Logs errors that nobody caught, and keeps the process running. Work that such an error
 * interrupted is safe, because transactions and leases allow a process to stop at any moment. The
 * handlers themselves never throw.
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
 * Logs that a library wrote to the console, at a limited rate. The text may contain a client's
 * data, so it is not logged.
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
    // A failure to log must not replace the error that is reported.
  }
}
