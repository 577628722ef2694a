/**
 * The logger of a component, independent of any library. `message` is a constant; values go into
 * `fields`.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The logger of the process itself, which also logs why the process ends. */
export interface ProcessLogger extends Logger {
  fatal(fields: object, message: string): void;
}
