/**
 * The token bucket (rate-limit/token-bucket.ts) that all processes share through one key in Redis,
 * by the clock of Redis. While Redis is unavailable, each process uses a bucket of its own with the
 * whole rate. Cohere may then respond with 429, which is retried, and no process stops.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createLocalReserve,
  createTokenBucket,
  toRefillRate,
  type TokenBucket,
} from '../rate-limit/token-bucket.js';
import { settlesWithin } from '../runtime/deadline.js';
import type { Logger } from '../runtime/logger.js';
import { openRedis } from './client.js';

interface Options {
  url: string;
  /** All buckets of one name are the same bucket. */
  name: string;
  perMinute: number;
  logger: Pick<Logger, 'info' | 'warn'>;
}

const COMMAND_TIMEOUT_MS = 1_000;
const MICROSECONDS_PER_MS = 1_000;

/**
 * KEYS[1]: the time until which tokens are spent. ARGV[1]: microseconds that a burst lasts;
 * ARGV[2]: microseconds that the requested tokens last. Returns the wait in microseconds.
 */
const RESERVE = `
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local spentUntil = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now - ARGV[1]) + ARGV[2]
local wait = math.max(spentUntil - now, 0)
local expiryMs = string.format('%.0f', wait / 1000 + 60000)
redis.call('SET', KEYS[1], string.format('%.0f', spentUntil), 'PX', expiryMs)
return string.format('%.0f', wait)
`;
const RESERVE_SHA = createHash('sha1').update(RESERVE).digest('hex');

export function createSharedTokenBucket({ url, name, perMinute, logger }: Options): TokenBucket {
  const { redis, stop, isReady } = openRedis({
    url,
    name: 'token-bucket',
    logger,
    redisOptions: { commandTimeout: COMMAND_TIMEOUT_MS },
  });
  const key = `docstream:tokens:${name}`;
  const { burstMs, tokenMs } = toRefillRate(perMinute);
  const reserveLocally = createLocalReserve({ burstMs, tokenMs });
  // The first tokens are requested while the connection is being opened.
  const isConnected = settlesWithin(once(redis, 'ready'), COMMAND_TIMEOUT_MS);
  let usesOwnBucket = false;

  async function reserveInRedis(count: number): Promise<number> {
    const times = [burstMs, count * tokenMs].map((ms) =>
      String(Math.round(ms * MICROSECONDS_PER_MS)),
    );
    const wait = await redis.evalsha(RESERVE_SHA, 1, key, ...times).catch((error: unknown) => {
      // The first word of an error reply is its code, which ioredis 6.0 does not separate.
      if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
        return redis.eval(RESERVE, 1, key, ...times);
      throw error;
    });
    return Number(wait) / MICROSECONDS_PER_MS;
  }

  async function reserve(count: number): Promise<number> {
    try {
      await isConnected;
      if (!isReady()) throw new Error('not connected');
      const waitMs = await reserveInRedis(count);
      if (usesOwnBucket) logger.info({ bucket: name }, 'the shared rate limit is available again');
      usesOwnBucket = false;
      return waitMs;
    } catch {
      if (!usesOwnBucket)
        logger.warn(
          { bucket: name, perMinute },
          'the shared rate limit is unavailable; this process applies the same rate on its own',
        );
      usesOwnBucket = true;
      return reserveLocally(count);
    }
  }

  const bucket = createTokenBucket(reserve);
  return {
    take: bucket.take,
    stop: () => {
      bucket.stop();
      stop();
    },
  };
}
