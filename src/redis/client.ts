/**
 * One connection to Redis. It reconnects for as long as the process lives, and logs once in an
 * outage that Redis is unavailable.
 */
import { Redis, type RedisOptions } from 'ioredis';
import { once } from 'node:events';
import { ApiError, SetupError } from '../errors.js';
import { settlesWithin } from '../runtime/deadline.js';
import type { Logger } from '../runtime/logger.js';

export interface RedisConnection {
  redis: Redis;
  isReady(): boolean;
  /**
   * Throws DEPENDENCY_UNAVAILABLE, or SetupError if Redis rejects the user. The message says what
   * is wrong and what to correct.
   */
  check(): Promise<void>;
  stop(): void;
}

interface Options {
  url: string;
  /** Shown in `CLIENT LIST`. */
  name: string;
  logger: Pick<Logger, 'info' | 'warn'>;
  redisOptions?: Pick<RedisOptions, 'autoResubscribe' | 'commandTimeout' | 'enableAutoPipelining'>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const CHECK_TIMEOUT_MS = 2_000;
const MAX_RETRY_DELAY_MS = 2_000;
/** A connection is dropped if a reply is this late: its other end may have vanished silently. */
const SOCKET_TIMEOUT_MS = 10_000;
/** ioredis waits this long even for a socket that is closed already. */
const DISCONNECT_TIMEOUT_MS = 300;

/** Nothing is queued while Redis is unavailable: a command fails at once and its caller decides. */
const DEFAULTS = {
  enableOfflineQueue: false,
  // Any number would reject commands that RedisPubSub does not catch.
  maxRetriesPerRequest: null,
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: SOCKET_TIMEOUT_MS,
  disconnectTimeout: DISCONNECT_TIMEOUT_MS,
  retryStrategy: (attempt: number) =>
    Math.min(50 * 2 ** Math.min(attempt, 10), MAX_RETRY_DELAY_MS) * (0.5 + Math.random() / 2),
};

export function openRedis({ url, name, logger, redisOptions }: Options): RedisConnection {
  const address = toAddress(url);
  const redis = new Redis(url, {
    ...DEFAULTS,
    connectionName: `docstream-${name}`,
    ...redisOptions,
  });
  let problem: Problem | null = null;

  redis.on('error', (error: Error) => {
    const isFirst = problem === null;
    problem = toProblem(error);
    if (isFirst)
      logger.warn(
        { address, connection: name, problem: problem.text },
        'Redis is unavailable; retrying until it responds',
      );
  });
  redis.on('ready', () => {
    if (problem !== null) logger.info({ address, connection: name }, 'Redis responds again');
    problem = null;
  });

  return {
    redis,
    isReady: () => redis.status === 'ready',
    check: async () => {
      if (await respondsInTime(redis)) return;
      const message = `Redis at ${address} ${problem?.text ?? 'does not respond'}.`;
      throw problem?.isFinal
        ? new SetupError(message)
        : new ApiError('DEPENDENCY_UNAVAILABLE', message);
    },
    stop: () => redis.disconnect(),
  };
}

async function respondsInTime(redis: Redis): Promise<boolean> {
  const done = new AbortController();
  const pong = waitUntilConnected(redis, done.signal).then(() => redis.ping());
  return settlesWithin(pong, CHECK_TIMEOUT_MS).finally(() => done.abort());
}

/** Waits for the first connection only. On a lost connection a command fails at once. */
async function waitUntilConnected(redis: Redis, signal: AbortSignal): Promise<void> {
  if (redis.status === 'connecting' || redis.status === 'connect')
    await once(redis, 'ready', { signal });
}

/** Returns host and port only: the rest of the URL holds the password. */
function toAddress(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'REDIS_URL';
}

interface Problem {
  /** Continues the sentence "Redis at …". */
  text: string;
  /** True if waiting does not help: somebody must correct the configuration. */
  isFinal: boolean;
}

/**
 * Never quotes the driver's message: its errors carry the command they belong to, and the command
 * of a sign-in holds the password. ioredis 6.0 sets no code on an error reply; by the protocol of
 * Redis, the first word of the reply is its code.
 */
function toProblem(error: Error): Problem {
  if (/^(WRONGPASS|NOAUTH|ERR invalid password)/.test(error.message)) {
    return { text: 'rejected the user name or the password; correct REDIS_URL', isFinal: true };
  }
  if (error.message.startsWith('NOPERM'))
    return { text: 'denies this user a required command; correct its ACL', isFinal: true };
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return { text: `does not respond${code}`, isFinal: false };
}
