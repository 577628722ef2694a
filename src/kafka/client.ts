import { Kafka, logLevel, type KafkaConfig, type SASLOptions } from 'kafkajs';
import type { Logger } from '../runtime/logger.js';
import { toLogCreator } from './kafkajs-logger.js';
import { silenceNegativeTimeouts } from './timer-warning.js';

export type { Kafka };

export interface KafkaOptions {
  /** `host:port` of some of the brokers; these name the others. */
  brokers: readonly string[];
  logger: Pick<Logger, 'debug' | 'info'>;
  /** True: TLS with the system's authorities; an object: options for node:tls. Absent: no TLS. */
  ssl?: KafkaConfig['ssl'];
  /** Absent: no authentication. */
  sasl?: SASLOptions;
  /** For tests that put a proxy between the product and the broker. */
  socketFactory?: KafkaConfig['socketFactory'];
}

/** Shorter than a document's lease of 30 s, with all retries. */
const CONNECTION_MS = 3_000;
const REQUEST_MS = 8_000;
const RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 2 };

/** Returns a client that connects with its first producer, consumer or admin, not before. */
export function createKafka({ brokers, logger, ssl, sasl, socketFactory }: KafkaOptions): Kafka {
  silenceNegativeTimeouts();
  return new Kafka({
    clientId: 'docstream',
    brokers: [...brokers],
    connectionTimeout: CONNECTION_MS,
    authenticationTimeout: CONNECTION_MS,
    requestTimeout: REQUEST_MS,
    retry: RETRY,
    logLevel: logLevel.INFO,
    logCreator: toLogCreator(logger),
    ...(ssl !== undefined && { ssl }),
    ...(sasl !== undefined && { sasl }),
    ...(socketFactory !== undefined && { socketFactory }),
  });
}
