/** kafkajs' log as ours. */
import { logLevel, type logCreator } from 'kafkajs';

/** What this folder needs of a log. */
export interface KafkaLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Of what kafkajs adds to a line; the rest may quote data or is a stack. */
const FIELDS = ['groupId', 'memberId', 'topic', 'partition', 'broker', 'clientId', 'error', 'retryCount', 'retryTime'];

/** kafkajs warns of every idempotent producer with limited retries. Ours are safe: one that has failed is never used again. */
const KNOWN = /^Limiting retries for the idempotent producer/;

export const toLogCreator =
  (log: KafkaLog): logCreator =>
  () =>
  ({ namespace, level, log: entry }) => {
    if (KNOWN.test(entry.message)) return;
    const fields = Object.fromEntries(FIELDS.filter((name) => typeof entry[name] !== 'object').map((name) => [name, entry[name]]));
    log[toLevel(level)]({ ...fields, part: 'kafka', namespace }, entry.message);
  };

/** What kafkajs calls an error is a try that failed and mostly the next one succeeds: whoever called is told when none did. */
function toLevel(level: logLevel): 'debug' | 'warn' {
  return level === logLevel.ERROR || level === logLevel.WARN ? 'warn' : 'debug';
}
