/** kafkajs' log as ours. */
import { logLevel, type logCreator } from 'kafkajs';
import type { Logger } from '../runtime/logger.js';

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
  (logger: Logger): logCreator =>
  () =>
  ({ namespace, level, log: entry }) => {
    if (KNOWN.test(entry.message)) return;
    const fields = Object.fromEntries(
      FIELDS.filter((name) => typeof entry[name] !== 'object').map((name) => [name, entry[name]]),
    );
    logger[toLevel(level)]({ ...fields, part: 'kafka', namespace }, entry.message);
  };

/**
 * kafkajs calls every failed attempt an error, although the next one mostly succeeds; it warns of
 * each rebalance, and of topics that were created a moment ago. A failure that matters reaches our
 * caller, who logs it at its own level.
 */
function toLevel(level: logLevel): 'debug' | 'info' {
  return level === logLevel.ERROR || level === logLevel.WARN ? 'info' : 'debug';
}
