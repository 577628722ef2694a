/** Translates the errors of kafkajs into those of the product. */
// Node finds only some of this package's names on its own.
import kafkajs, { type KafkaJSError } from 'kafkajs';
import { ApiError, SetupError } from '../errors.js';

/** Error types by which a broker rejects a record for good, whoever sends it and however often. */
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
]);

/** Error types of a producer that a newer one has fenced off. */
const FENCES = /^(INVALID_PRODUCER_EPOCH|PRODUCER_FENCED)$/;
/** PRODUCER_FENCED by its number: kafkajs 2.2 does not know the name. */
const FENCED_BY_NUMBER = /Unknown error code 90\b/;

/** Error types of a wrong user name, password or SASL mechanism. */
const WRONG_CREDENTIALS = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'SECURITY_DISABLED',
]);
const NOT_PERMITTED = /^(TOPIC|GROUP|CLUSTER|TRANSACTIONAL_ID)_AUTHORIZATION_FAILED$/;

/**
 * Error types of a wrong topic or group, and of a broker that is too old or too new. Waiting does
 * not change them.
 */
const WRONG_SET_UP = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_COMPRESSION_TYPE',
]);

/**
 * Names of JavaScript's own errors, and of those that kafkajs throws if it is used wrongly or
 * cannot read what the broker sends.
 */
const BUGS_BY_NAME = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'KafkaJSNotImplemented',
  'KafkaJSInvariantViolation',
  'KafkaJSServerDoesNotSupportApiKey',
  'KafkaJSUnsupportedMagicByteInMessageSet',
  'KafkaJSInvalidVarIntError',
  'KafkaJSInvalidLongError',
]);

/** kafkajs derives these classes from Error itself, and their `name` stays "Error". */
const TRANSIENT_BY_CLASS = new Set(['KafkaJSAggregateError', 'KafkaJSFetcherRebalanceError']);

/** Error types of a Kafka that has just started, or has just lost a broker. */
const NOT_YET_AVAILABLE = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
]);

/**
 * Names of the errors of a join during a rebalance, or after the loss of a coordinator. kafkajs
 * passes them on as a plain KafkaJSError, without their types.
 */
const MOVING_GROUPS = new Set(['KafkaJSGroupCoordinatorNotFound', 'KafkaJSError']);

/**
 * Returns a DEPENDENCY_UNAVAILABLE whose message starts with `what`. An ApiError stays as it is.
 */
export function toUnavailable(what: string, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(
    'DEPENDENCY_UNAVAILABLE',
    `Kafka: ${what}. Try again later.`,
    {},
    { cause: error },
  );
}

/** Returns null if waiting may help, and for a bug. */
export function toSetupError(error: unknown): SetupError | null {
  if (error instanceof SetupError) return error;
  const types = typesOf(error);
  const isUnknownUser = causesOf(error).some(
    (cause) => cause instanceof kafkajs.KafkaJSSASLAuthenticationError,
  );
  if (isUnknownUser || types.some((type) => WRONG_CREDENTIALS.has(type))) {
    return new SetupError(
      'Kafka rejected the user name or the password; correct KAFKA_USERNAME and KAFKA_PASSWORD.',
      { cause: error },
    );
  }
  const missingRight = types.find((type) => NOT_PERMITTED.test(type));
  if (missingRight === undefined) return null;
  return new SetupError(
    `Kafka rejected the user's rights (${missingRight}); grant them to the user in KAFKA_USERNAME.`,
    { cause: error },
  );
}

/**
 * Returns whether a retry may succeed. False for a refused record, a wrong topic or group, and a
 * bug.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof ApiError) return error.code === 'DEPENDENCY_UNAVAILABLE';
  const causes = causesOf(error);
  if (toSetupError(error) !== null || causes.some(isFinal)) return false;
  return causes.some(
    (cause) =>
      isKafkaError(cause) || TRANSIENT_BY_CLASS.has(cause.constructor.name) || isSystemError(cause),
  );
}

/**
 * kafkajs wraps every error that it does not retry into a KafkaJSNonRetriableError. One without a
 * cause means that kafkajs was used wrongly.
 */
function isFinal(error: Error): boolean {
  const isWrongUse = error.name === 'KafkaJSNonRetriableError' && error.cause === undefined;
  return (
    isWrongUse ||
    BUGS_BY_NAME.has(error.name) ||
    typesOf(error).some((type) => WRONG_SET_UP.has(type))
  );
}

/** Returns whether the operating system raised the error: a connection, a name, a certificate. */
function isSystemError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string';
}

/** Returns whether a topic or a coordinator is new, or is moving to another broker. */
export function isNotYetAvailable(error: unknown): boolean {
  const isMovingGroup = causesOf(error).some(({ name }) => MOVING_GROUPS.has(name));
  return isMovingGroup || typesOf(error).some((type) => NOT_YET_AVAILABLE.has(type));
}

/** Returns why the broker rejects a record for good, or null if a retry may succeed. */
export function toRefusal(error: unknown): string | null {
  return typesOf(error).find((type) => REFUSALS.has(type)) ?? null;
}

export function isFenced(error: unknown): boolean {
  return (
    typesOf(error).some((type) => FENCES.test(type)) ||
    causesOf(error).some((cause) => FENCED_BY_NUMBER.test(cause.message))
  );
}

export function isKafkaError(error: unknown): error is KafkaJSError {
  return error instanceof kafkajs.KafkaJSError;
}

function typesOf(error: unknown): string[] {
  return causesOf(error).flatMap((cause) =>
    'type' in cause && typeof cause.type === 'string' ? [cause.type] : [],
  );
}

/** Returns the error, its causes, the errors it consists of, and the causes of all of these. */
function causesOf(error: unknown, depth = 0): Error[] {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return [];
  const errors: unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  return [error, ...[error.cause, ...errors].flatMap((cause) => causesOf(cause, depth + 1))];
}

const MAX_DEPTH = 5;
