import kafkajs from 'kafkajs';
import { ApiError, SetupError } from '../../src/errors.js';
import { isNotYetAvailable, isTransient, toSetupError } from '../../src/kafka/errors.js';

// The package declares only some of its classes.
const classes = kafkajs as unknown as Record<
  string,
  new (message: unknown, more?: object) => Error
>;
function make(name: string, message: unknown = name, more?: object) {
  const ErrorClass = classes[name];
  if (!ErrorClass) throw new Error(`kafkajs has no ${name}`);
  return new ErrorClass(message, more);
}
function protocol(type: string, retriable = false) {
  return make('KafkaJSProtocolError', { message: type, type, code: 1, retriable });
}
/** The errors of kafkajs' retrier: of one that it does not retry, and of one after the last retry. */
const unretried = (error: Error) => make('KafkaJSNonRetriableError', error, { cause: error });
function retried(error: Error) {
  return make('KafkaJSNumberOfRetriesExceeded', error, {
    retryCount: 2,
    retryTime: 100,
    cause: error,
  });
}
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

const TRANSIENT_TYPES = [
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
  'GROUP_MAX_SIZE_REACHED',
  'INVALID_REPLICATION_FACTOR',
  'NOT_ENOUGH_REPLICAS',
  'BROKER_NOT_AVAILABLE',
  'OFFSET_OUT_OF_RANGE',
  'STALE_BROKER_EPOCH',
  'UNKNOWN',
];

describe('isTransient', () => {
  it.each(TRANSIENT_TYPES)('is true for %s, alone and as kafkajs wraps it', (type) => {
    for (const error of [protocol(type), unretried(protocol(type)), retried(protocol(type, true))])
      expect(isTransient(error)).toBe(true);
  });

  it.each([
    ['no coordinator', make('KafkaJSGroupCoordinatorNotFound')],
    ['no coordinator, wrapped', unretried(make('KafkaJSGroupCoordinatorNotFound'))],
    ['no broker', make('KafkaJSNoBrokerAvailableError')],
    ['an unknown broker', make('KafkaJSBrokerNotFound')],
    ['a connection that was refused', make('KafkaJSConnectionError', 'Connection error')],
    ['a connection that was closed', make('KafkaJSConnectionClosedError', 'Closed connection')],
    ['a response that did not come', make('KafkaJSRequestTimeoutError', 'Request timed out')],
    ['a lock that timed out', make('KafkaJSLockTimeout')],
    ['metadata that are not loaded', make('KafkaJSTopicMetadataNotLoaded')],
    ['a truncated response', make('KafkaJSPartialMessageError')],
    ['several errors at once', make('KafkaJSAggregateError', 'several', [refused])],
    ['an error of the system', refused],
    ['an unavailable dependency', new ApiError('DEPENDENCY_UNAVAILABLE', 'Kafka: away.')],
  ])('is true for %s', (_, error) => {
    expect(isTransient(error)).toBe(true);
    expect(toSetupError(error)).toBeNull();
  });
});

describe('a final error of Kafka', () => {
  it.each([
    ['a topic with a wrong name', protocol('INVALID_TOPIC_EXCEPTION')],
    ['a group with another protocol', unretried(protocol('INCONSISTENT_GROUP_PROTOCOL'))],
    [
      'a broker that does not know a request',
      make('KafkaJSServerDoesNotSupportApiKey', 'too old', { apiKey: 1, apiName: 'x' }),
    ],
    ['a wrong use of kafkajs', make('KafkaJSNonRetriableError', 'Invalid topic undefined')],
    ['a bug', new TypeError('x is not a function')],
    ['a bug below an error of Kafka', unretried(new RangeError('offset is out of range'))],
    ['a value that is not an error', 'a text'],
    ['topics that differ', new SetupError('Kafka’s topics differ from the contract.')],
  ])('is not transient: %s', (_, error) => {
    expect(isTransient(error)).toBe(false);
  });

  it.each([
    ['a wrong password', make('KafkaJSSASLAuthenticationError'), /KAFKA_PASSWORD/],
    [
      'a wrong password, wrapped',
      unretried(make('KafkaJSSASLAuthenticationError')),
      /KAFKA_PASSWORD/,
    ],
    ['an unknown mechanism', protocol('UNSUPPORTED_SASL_MECHANISM'), /KAFKA_PASSWORD/],
    [
      'no right to the topic',
      protocol('TOPIC_AUTHORIZATION_FAILED'),
      /rights \(TOPIC_AUTHORIZATION_FAILED\)/,
    ],
    ['no right to the group', unretried(protocol('GROUP_AUTHORIZATION_FAILED')), /rights/],
    [
      'no right to one of several topics',
      make('KafkaJSAggregateError', 'several', [protocol('TOPIC_AUTHORIZATION_FAILED')]),
      /rights/,
    ],
    ['no right to transactions', protocol('TRANSACTIONAL_ID_AUTHORIZATION_FAILED'), /rights/],
  ])('becomes a SetupError that says what to fix: %s', (_, error, line) => {
    expect(isTransient(error)).toBe(false);
    expect(toSetupError(error)?.message).toMatch(line);
  });
});

it.each([
  ['no coordinator', make('KafkaJSGroupCoordinatorNotFound'), true],
  ['a new topic', unretried(protocol('UNKNOWN_TOPIC_OR_PARTITION')), true],
  ['a coordinator that loads', protocol('GROUP_LOAD_IN_PROGRESS'), true],
  [
    'a group that moves, as kafkajs joins it',
    retried(make('KafkaJSError', protocol('NOT_COORDINATOR_FOR_GROUP'))),
    true,
  ],
  ['a refused connection', refused, false],
  ['fewer brokers than replicas', protocol('INVALID_REPLICATION_FACTOR'), false],
])('distinguishes a new Kafka from an unavailable one: %s', (_, error, expected) => {
  expect(isNotYetAvailable(error)).toBe(expected);
});
