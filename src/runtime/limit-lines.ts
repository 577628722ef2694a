import type { Logger } from './logger.js';

const PERIOD_MS = 60_000;
const MAX_LINES = 10;
const LEVELS = ['error', 'warn', 'info'] as const;

/**
 * Returns a logger for events that clients can cause at any rate. It writes ten lines of one
 * message in a minute; the first line of a later minute has the number of omitted lines. Messages
 * are constants, so their number is bounded.
 */
export function limitLines(logger: Logger, now = () => performance.now()): Logger {
  const periods = new Map<string, { startedAt: number; lines: number }>();

  function write(level: (typeof LEVELS)[number], fields: object, message: string): void {
    const period = periods.get(message);
    if (period && now() - period.startedAt < PERIOD_MS) {
      period.lines += 1;
      if (period.lines <= MAX_LINES) logger[level](fields, message);
      return;
    }
    periods.set(message, { startedAt: now(), lines: 1 });
    const omitted = Math.max(0, (period?.lines ?? 0) - MAX_LINES);
    logger[level](omitted > 0 ? { ...fields, omitted } : fields, message);
  }

  const methods = LEVELS.map((level) => [
    level,
    (fields: object, message: string) => write(level, fields, message),
  ]);
  const limitedLogger: Logger = Object.create(logger) as Logger;
  return Object.assign(limitedLogger, Object.fromEntries(methods) as Partial<Logger>);
}
