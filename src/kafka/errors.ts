/** kafkajs' errors as ours. */
// Node finds only some of this package's names by itself.
import kafkajs, { type KafkaJSError } from 'kafkajs';
import { ApiError, SetupError } from '../errors.js';

/** Errors by which a broker says that it will never take this record, whoever sends it and however often. */
const REFUSALS = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD', 'INVALID_TIMESTAMP']);

/** INVALID_PRODUCER_EPOCH and, by its number since kafkajs 2.2 does not know it, PRODUCER_FENCED. */
const FENCES = /^(INVALID_PRODUCER_EPOCH|PRODUCER_FENCED)$/;
const FENCED_BY_NUMBER = /Unknown error code 90\b/;

export function toUnavailable(what: string, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError('DEPENDENCY_UNAVAILABLE', `Kafka: ${what}. Try again later.`, {}, { cause: error });
}

/** Null where waiting may help. */
export function toSetupError(error: unknown): SetupError | null {
  const isRefused = causesOf(error).some((cause) => cause instanceof kafkajs.KafkaJSSASLAuthenticationError);
  return isRefused
    ? new SetupError('Kafka refuses the user name or the password: mend KAFKA_USERNAME and KAFKA_PASSWORD.', { cause: error })
    : null;
}

/** A topic that was just created. */
export function isNotThereYet(error: unknown): boolean {
  return typesOf(error).some((type) => type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'LEADER_NOT_AVAILABLE');
}

/** Why the broker refuses for good, or null when it may take the same later. */
export function toRefusal(error: unknown): string | null {
  return typesOf(error).find((type) => REFUSALS.has(type)) ?? null;
}

export function isFenced(error: unknown): boolean {
  return typesOf(error).some((type) => FENCES.test(type)) || causesOf(error).some((cause) => FENCED_BY_NUMBER.test(cause.message));
}

export function isKafkaError(error: unknown): error is KafkaJSError {
  return error instanceof kafkajs.KafkaJSError;
}

function typesOf(error: unknown): string[] {
  return causesOf(error).flatMap((cause) => ('type' in cause && typeof cause.type === 'string' ? [cause.type] : []));
}

/** The error, and what it was caused by, and so on. */
function causesOf(error: unknown, depth = 0): Error[] {
  if (!(error instanceof Error) || depth > 5) return [];
  return [error, ...causesOf(error.cause, depth + 1)];
}
