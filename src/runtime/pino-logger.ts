import { pino, type LogFn, type Logger as PinoLogger } from 'pino';
import pretty from 'pino-pretty';
import type { ProcessLogger } from './logger.js';

/**
 * Logs go to stderr, so that stdout holds only what is meant for people: one JSON object a line, or
 * readable lines on a terminal. Tokens, texts and secrets are never given to it; the paths below
 * are a net for the day somebody forgets.
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
 * A line that cannot be written is lost, and nothing else: what is logged may be any object, and
 * the log must not end what it reports on.
 */
function logSafely(this: PinoLogger, values: Parameters<LogFn>, write: LogFn): void {
  try {
    write.apply(this, values);
  } catch {
    // There is nowhere to report it to.
  }
}

/** Longer than what we say ourselves; what a driver quotes of its data is cut. */
const MAX_MESSAGE = 300;
const MAX_CAUSES = 4;
const MAX_STACK_LINES = 100;

/**
 * Of an error only name, code, the first line of the message and the stack's places. Drivers put
 * more on theirs (a statement, its parameters, the line of data it stumbled over), and that may be
 * a document's text.
 */
function toLoggedError(error: unknown, depth = 0): unknown {
  try {
    return describeError(error, depth);
  } catch {
    return 'an error that cannot be read';
  }
}

function describeError(error: unknown, depth: number): unknown {
  if (!(error instanceof Error)) return typeof error;
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause =
    error.cause !== undefined && depth < MAX_CAUSES
      ? { cause: toLoggedError(error.cause, depth + 1) }
      : {};
  const places = String(error.stack)
    .split('\n', MAX_STACK_LINES)
    .filter((line) => line.trimStart().startsWith('at '));
  const [message = ''] = String(error.message).slice(0, MAX_MESSAGE).split('\n', 1);
  return { type: error.name, ...code, message, stack: places.join('\n'), ...cause };
}
