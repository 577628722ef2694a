/** Writes the log of kafkajs to the log of the process. */
import { logLevel, type logCreator } from 'kafkajs';
import type { Logger } from '../runtime/logger.js';

/**
 * The fields that are copied from a log entry of kafkajs. Others may quote data or hold a stack.
 */
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
 * kafkajs 2.2 warns, without a code, of every idempotent producer with limited retries. The
 * producers here are safe: one that has failed is never used again.
 */
const KNOWN = /^Limiting retries for the idempotent producer/;

export function toLogCreator(logger: Pick<Logger, 'debug' | 'info'>): logCreator {
  return () =>
    ({ namespace, level, log: entry }) => {
      if (KNOWN.test(entry.message)) return;
      const fields = Object.fromEntries(
        FIELDS.filter((name) => typeof entry[name] !== 'object').map((name) => [name, entry[name]]),
      );
      logger[toLevel(level)]({ ...fields, component: 'kafka', namespace }, entry.message);
    };
}

/**
 * kafkajs logs every failed attempt as an error, although the next one mostly succeeds. It warns of
 * each rebalance, and of topics that are new. A failure that matters reaches the caller, who logs
 * it at its own level.
 */
function toLevel(level: logLevel): 'debug' | 'info' {
  return level === logLevel.ERROR || level === logLevel.WARN ? 'info' : 'debug';
}
