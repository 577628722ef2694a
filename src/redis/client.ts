/**
 * One connection to Redis. It comes back by itself for as long as the process lives, and says once
 * an outage that it is away.
 */
import { Redis, type RedisOptions } from 'ioredis';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, SetupError } from '../errors.js';

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RedisConnection {
  redis: Redis;
  isReady(): boolean;
  /**
   * Throws DEPENDENCY_UNAVAILABLE, or SetupError where Redis refuses us, with what is wrong and the
   * cure.
   */
  check(): Promise<void>;
  stop(): void;
}

interface Options {
  url: string;
  /** Shown in `CLIENT LIST`. */
  name: string;
  logger: Log;
  more?: Pick<RedisOptions, 'autoResubscribe' | 'commandTimeout' | 'enableAutoPipelining'>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const CHECK_TIMEOUT_MS = 2_000;
const MAX_RETRY_DELAY_MS = 2_000;
/** A connection whose other end vanished without a word is given up when an answer is this late. */
const SOCKET_TIMEOUT_MS = 10_000;
/** ioredis waits this long even for a socket that is closed already. */
const DISCONNECT_TIMEOUT_MS = 300;

/** Nothing is queued while Redis is away: whoever asks hears of it at once and decides. */
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

export function openRedis({ url, name, logger, more }: Options): RedisConnection {
  const address = toAddress(url);
  const redis = new Redis(url, { ...DEFAULTS, connectionName: `docstream-${name}`, ...more });
  let problem: Problem | null = null;

  redis.on('error', (error: Error) => {
    const first = problem === null;
    problem = toProblem(error);
    if (first)
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
      if (await answers(redis)) return;
      const message = `Redis at ${address} ${problem?.text ?? 'does not respond'}.`;
      throw problem?.isFinal
        ? new SetupError(message)
        : new ApiError('DEPENDENCY_UNAVAILABLE', message);
    },
    stop: () => redis.disconnect(),
  };
}

async function answers(redis: Redis): Promise<boolean> {
  const done = new AbortController();
  const late = sleep(CHECK_TIMEOUT_MS, false, { signal: done.signal }).catch(() => false);
  const pong = whenConnected(redis, done.signal)
    .then(() => redis.ping())
    .then(
      () => true,
      () => false,
    );
  return Promise.race([pong, late]).finally(() => done.abort());
}

/** Of the first connection only: one that was lost answers at once that it is. */
async function whenConnected(redis: Redis, signal: AbortSignal): Promise<void> {
  if (redis.status === 'connecting' || redis.status === 'connect')
    await once(redis, 'ready', { signal });
}

/** Host and port only: the rest of the URL holds the password. */
function toAddress(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'REDIS_URL';
}

interface Problem {
  /** Goes on from "Redis at …". */
  text: string;
  /** Whether waiting does not help: somebody must correct the configuration. */
  isFinal: boolean;
}

/**
 * Never the driver's own words: its errors carry the command they belong to, and that of a sign-in
 * is the password.
 */
function toProblem(error: Error): Problem {
  if (/^(WRONGPASS|NOAUTH|ERR invalid password)/.test(error.message)) {
    return { text: 'rejected the user name or the password; correct REDIS_URL', isFinal: true };
  }
  if (error.message.startsWith('NOPERM'))
    return { text: 'does not permit this user what is needed; correct its ACL', isFinal: true };
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return { text: `does not respond${code}`, isFinal: false };
}
