/** kafkajs' errors as ours. */
// Node finds only some of this package's names on its own.
import kafkajs, { type KafkaJSError } from 'kafkajs';
import { ApiError, SetupError } from '../errors.js';

/**
 * Errors by which a broker says that it will never take this record, whoever sends it and however
 * often.
 */
const REFUSALS = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
]);

/**
 * INVALID_PRODUCER_EPOCH and, by its number since kafkajs 2.2 does not know it, PRODUCER_FENCED.
 */
const FENCES = /^(INVALID_PRODUCER_EPOCH|PRODUCER_FENCED)$/;
const FENCED_BY_NUMBER = /Unknown error code 90\b/;

/** The user name, the password or the way of signing in is wrong. */
const WRONG_CREDENTIALS = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'SECURITY_DISABLED',
]);
const NOT_PERMITTED = /^(TOPIC|GROUP|CLUSTER|TRANSACTIONAL_ID)_AUTHORIZATION_FAILED$/;

/**
 * A topic or a group that is not as ours must be, and a broker too old or too new for us: none of
 * them changes while we wait.
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
 * Errors of JavaScript's own, and those that kafkajs throws where it is used wrongly or cannot read
 * what the broker sends.
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

/** kafkajs derives these from Error itself, and leaves them that name. */
const TRANSIENT_BY_CLASS = new Set(['KafkaJSAggregateError', 'KafkaJSFetcherRebalanceError']);

/** What a Kafka says, or kafkajs of it, that was started or has lost a broker a moment ago. */
const NOT_THERE_YET = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
]);

/**
 * kafkajs' join passes a rebalance, and a coordinator that is no more, on as a plain KafkaJSError
 * without their types.
 */
const MOVING_GROUPS = new Set(['KafkaJSGroupCoordinatorNotFound', 'KafkaJSError']);

export function toUnavailable(what: string, error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(
    'DEPENDENCY_UNAVAILABLE',
    `Kafka: ${what}. Try again later.`,
    {},
    { cause: error },
  );
}

/** Null where waiting may help, and for a bug. */
export function toSetupError(error: unknown): SetupError | null {
  if (error instanceof SetupError) return error;
  const types = typesOf(error);
  const isUnknownUser = causesOf(error).some(
    (cause) => cause instanceof kafkajs.KafkaJSSASLAuthenticationError,
  );
  if (isUnknownUser || types.some((type) => WRONG_CREDENTIALS.has(type))) {
    return new SetupError(
      'Kafka refuses the user name or the password: mend KAFKA_USERNAME and KAFKA_PASSWORD.',
      { cause: error },
    );
  }
  const refused = types.find((type) => NOT_PERMITTED.test(type));
  if (refused === undefined) return null;
  return new SetupError(
    `Kafka rejected the user's rights (${refused}); grant them to the user in KAFKA_USERNAME.`,
    { cause: error },
  );
}

/**
 * Returns whether waiting may cure the error. False: a refusal, a wrong topic or group, or a bug.
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
 * kafkajs wraps whatever it does not retry into a KafkaJSNonRetriableError: one without a cause is
 * kafkajs' word for a wrong use.
 */
function isFinal(error: Error): boolean {
  const isWrongUse = error.name === 'KafkaJSNonRetriableError' && error.cause === undefined;
  return (
    isWrongUse ||
    BUGS_BY_NAME.has(error.name) ||
    typesOf(error).some((type) => WRONG_SET_UP.has(type))
  );
}

/** Of the operating system: a connection, a name, a certificate. */
function isSystemError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string';
}

/** A topic or a coordinator that was just created, or is moving to another broker. */
export function isNotThereYet(error: unknown): boolean {
  const isMovingGroup = causesOf(error).some(({ name }) => MOVING_GROUPS.has(name));
  return isMovingGroup || typesOf(error).some((type) => NOT_THERE_YET.has(type));
}

/** Why the broker refuses for good, or null when it may take the same later. */
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

/** The error, and what it was caused by or consists of, and so on. */
function causesOf(error: unknown, depth = 0): Error[] {
  if (!(error instanceof Error) || depth > MAX_DEPTH) return [];
  const parts: unknown[] = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  return [error, ...[error.cause, ...parts].flatMap((cause) => causesOf(cause, depth + 1))];
}

const MAX_DEPTH = 5;
