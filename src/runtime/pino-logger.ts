import { pino, type LogFn, type Logger as PinoLogger } from 'pino';
import pretty from 'pino-pretty';
import type { ProcessLogger } from './logger.js';

/**
 * Creates a logger that writes to stderr, one JSON object per line or readable lines on a terminal;
 * stdout is for output for people. Callers must not log tokens, texts or secrets. The redacted
 * paths below are a second protection.
 */
export function createLogger(options: { level: string; forTerminal: boolean }): ProcessLogger {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: toLoggedError },
    hooks: { logMethod: logSafely },
    redact: ['token', 'authorization', '*.token', '*.authorization', 'headers', '*.headers'],
  };
  const stderr = 2;
  return options.forTerminal
    ? pino(
        settings,
        pretty({
          destination: stderr,
          sync: true,
          ignore: 'pid,hostname',
          translateTime: 'HH:MM:ss.l',
        }),
      )
    : pino(settings, pino.destination({ dest: stderr, sync: true }));
}

/**
 * Writes a line, and drops it if that fails: any object may be logged, and a failure to log must
 * not interrupt the code that logs.
 */
function logSafely(this: PinoLogger, values: Parameters<LogFn>, write: LogFn): void {
  try {
    write.apply(this, values);
  } catch {
    // The log itself has failed, so there is nowhere to report the error.
  }
}

/** Longer than the messages of the product. Drivers quote data in longer ones, which are cut. */
const MAX_MESSAGE = 300;
const MAX_CAUSES = 4;
const MAX_STACK_LINES = 100;

/**
 * Returns only the name, the code, the first line of the message and the stack frames of an error.
 * Drivers add statements, parameters and lines of data to their errors, which may hold the text of
 * a document.
 */
function toLoggedError(error: unknown, depth = 0): unknown {
  try {
    return describeError(error, depth);
  } catch {
    return 'unreadable error';
  }
}

function describeError(error: unknown, depth: number): unknown {
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause =
    error.cause !== undefined && depth < MAX_CAUSES
      ? { cause: toLoggedError(error.cause, depth + 1) }
      : {};
  const frames = String(error.stack)
    .split('\n', MAX_STACK_LINES)
    .filter((line) => line.trimStart().startsWith('at '));
  const [message = ''] = String(error.message).slice(0, MAX_MESSAGE).split('\n', 1);
  return { type: error.name, ...code, message, stack: frames.join('\n'), ...cause };
}
