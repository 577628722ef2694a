import type { Admin, Kafka } from 'kafkajs';
import { withDeadline } from './deadline.js';
import { toSetupError, toUnavailable } from './errors.js';
import type { Logger } from '../runtime/logger.js';

/**
 * One connection for questions about the cluster, opened when first needed and thrown away after a
 * failure.
 */
export interface KafkaAdmin {
  /** Throws DEPENDENCY_UNAVAILABLE, or SetupError where Kafka refuses us. */
  ask<T>(what: string, question: (admin: Admin) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

const ANSWER_MS = 20_000;

export function createKafkaAdmin({ kafka, logger }: { kafka: Kafka; logger: Logger }): KafkaAdmin {
  let opened: Promise<Admin> | undefined;

  async function open(): Promise<Admin> {
    const admin = kafka.admin();
    await admin.connect();
    return admin;
  }

  async function close(): Promise<void> {
    const last = opened;
    opened = undefined;
    await last
      ?.then((admin) => admin.disconnect())
      .catch((error: unknown) => logger.debug({ err: error }, 'a connection did not end quietly'));
  }

  return {
    ask: async (what, question) => {
      const mine = (opened ??= open());
      try {
        return await withDeadline(mine.then(question), ANSWER_MS, what);
      } catch (error) {
        // Another question may have thrown it away already and opened the next one.
        if (opened === mine) void close();
        throw toSetupError(error) ?? toUnavailable(`${what} failed`, error);
      }
    },
    stop: close,
  };
}
