import type { Admin, Kafka } from 'kafkajs';
import { withDeadline } from '../runtime/deadline.js';
import type { Logger } from '../runtime/logger.js';
import { toSetupError, toUnavailable } from './errors.js';

/**
 * One connection for requests about the cluster. It is opened with the first request, and replaced
 * after a failed one.
 */
export interface KafkaAdmin {
  /**
   * Returns what `send` returns. `what` names the request in messages: "reading the lag". Throws
   * DEPENDENCY_UNAVAILABLE, or SetupError if Kafka rejects the user.
   */
  request<T>(what: string, send: (admin: Admin) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 20_000;

export function createKafkaAdmin({
  kafka,
  logger,
}: {
  kafka: Kafka;
  logger: Pick<Logger, 'debug'>;
}): KafkaAdmin {
  let connection: Promise<Admin> | undefined;

  async function connect(): Promise<Admin> {
    const admin = kafka.admin();
    await admin.connect();
    return admin;
  }

  async function close(): Promise<void> {
    const last = connection;
    connection = undefined;
    await last
      ?.then((admin) => admin.disconnect())
      .catch((error: unknown) =>
        logger.debug({ err: error }, 'failed to close a connection to Kafka; it is dropped'),
      );
  }

  return {
    request: async (what, send) => {
      const ownConnection = (connection ??= connect());
      try {
        return await withDeadline(ownConnection.then(send), REQUEST_TIMEOUT_MS, what);
      } catch (error) {
        // Another request may have replaced the connection already.
        if (connection === ownConnection) void close();
        throw toSetupError(error) ?? toUnavailable(`${what} failed`, error);
      }
    },
    stop: close,
  };
}
