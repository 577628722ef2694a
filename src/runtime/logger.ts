/** The log of a process, free of any library. `fields` hold the values, `message` is constant. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The logger of the process itself, which also records why the process ends. */
export interface ProcessLogger extends Logger {
  fatal(fields: object, message: string): void;
}
