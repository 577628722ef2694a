import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/**
 * Logs go to stderr, so that stdout holds only what is meant for people: one JSON object a line, or readable lines on a terminal.
 * Tokens, texts and secrets are never given to it; the paths below are a net for the day somebody forgets.
 */
export function createLogger(options: { level: string; forTerminal: boolean }): Logger {
  const settings = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['token', 'authorization', '*.token', '*.authorization', 'headers', '*.headers'],
  };
  const stderr = 2;
  return options.forTerminal
    ? pino(settings, pretty({ destination: stderr, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss.l' }))
    : pino(settings, pino.destination({ dest: stderr, sync: true }));
}
