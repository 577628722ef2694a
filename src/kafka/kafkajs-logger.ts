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
const FIELDS = [
  'groupId',
  'memberId',
  'topic',
  'partition',
  'broker',
  'clientId',
  'error',
  'retryCount',
  'retryTime',
];

/**
 * kafkajs warns of every idempotent producer with limited retries. Ours are safe: one that has
 * failed is never used again.
 */
const KNOWN = /^Limiting retries for the idempotent producer/;

export const toLogCreator =
  (log: KafkaLog): logCreator =>
  () =>
  ({ namespace, level, log: entry }) => {
    if (KNOWN.test(entry.message)) return;
    const fields = Object.fromEntries(
      FIELDS.filter((name) => typeof entry[name] !== 'object').map((name) => [name, entry[name]]),
    );
    log[toLevel(level)]({ ...fields, part: 'kafka', namespace }, entry.message);
  };

/**
 * kafkajs calls every failed attempt an error, although the next one mostly succeeds; it warns of
 * each rebalance, and of topics that were created a moment ago. A failure that matters reaches our
 * caller, who logs it at its own level.
 */
function toLevel(level: logLevel): 'debug' | 'info' {
  return level === logLevel.ERROR || level === logLevel.WARN ? 'info' : 'debug';
}
