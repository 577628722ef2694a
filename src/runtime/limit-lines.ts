import type { Logger } from './logger.js';

const WINDOW_MS = 60_000;
const LINES = 10;
const LEVELS = ['error', 'warn', 'info'] as const;

/**
 * A log for what clients can cause as often as they like: ten lines of one kind in a minute; the
 * first line of a later minute says how many were left out. The kind is the message. Messages are
 * constants, so there are few.
 */
export function limitLines(logger: Logger, now = () => performance.now()): Logger {
  const kinds = new Map<string, { since: number; lines: number }>();

  function write(level: (typeof LEVELS)[number], fields: object, message: string): void {
    const kind = kinds.get(message);
    if (kind && now() - kind.since < WINDOW_MS) {
      kind.lines += 1;
      if (kind.lines <= LINES) logger[level](fields, message);
      return;
    }
    kinds.set(message, { since: now(), lines: 1 });
    const omitted = Math.max(0, (kind?.lines ?? 0) - LINES);
    logger[level](omitted > 0 ? { ...fields, omitted } : fields, message);
  }

  const limited = LEVELS.map((level) => [
    level,
    (fields: object, message: string) => write(level, fields, message),
  ]);
  const lines: Logger = Object.create(logger) as Logger;
  return Object.assign(lines, Object.fromEntries(limited) as Partial<Logger>);
}
