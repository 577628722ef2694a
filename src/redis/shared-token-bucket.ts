/**
 * The bucket of tokens (token-bucket.ts) that all processes share through one key in Redis, on
 * Redis' own clock. While Redis is out of reach each process paces itself at the whole rate: Cohere
 * then says 429, which is retried, and nobody stands still.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createLocalReserve,
  createTokenBucket,
  toRefillRate,
  type TokenBucket,
} from '../rate-limit/token-bucket.js';
import { openRedis, type Log } from './client.js';

interface Options {
  url: string;
  /** Buckets of one name are one bucket. */
  name: string;
  perMinute: number;
  logger: Log;
}

const COMMAND_TIMEOUT_MS = 1_000;
const MICROSECONDS = 1_000;

/**
 * KEYS[1] the time until which tokens are spent; ARGV microseconds a burst lasts, microseconds the
 * wanted tokens last. Answers the wait.
 */
const RESERVE = `
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local spentUntil = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now - ARGV[1]) + ARGV[2]
redis.call('SET', KEYS[1], string.format('%.0f', spentUntil), 'PX', string.format('%.0f', math.max(spentUntil - now, 0) / 1000 + 60000))
return string.format('%.0f', math.max(spentUntil - now, 0))
`;
const RESERVE_SHA = createHash('sha1').update(RESERVE).digest('hex');

export function createSharedTokenBucket({ url, name, perMinute, logger }: Options): TokenBucket {
  const { redis, stop, isReady } = openRedis({
    url,
    name: 'token-bucket',
    logger,
    more: { commandTimeout: COMMAND_TIMEOUT_MS },
  });
  const key = `docstream:tokens:${name}`;
  const { burstMs, tokenMs } = toRefillRate(perMinute);
  const reserveHere = createLocalReserve({ burstMs, tokenMs });
  /** The first tokens are asked for while the connection is being made. */
  const connected = Promise.race([
    once(redis, 'ready'),
    sleep(COMMAND_TIMEOUT_MS, null, { ref: false }),
  ]).catch(() => undefined);
  let alone = false;

  async function reserveThere(count: number): Promise<number> {
    const times = [burstMs, count * tokenMs].map((ms) => String(Math.round(ms * MICROSECONDS)));
    const wait = await redis.evalsha(RESERVE_SHA, 1, key, ...times).catch((error: unknown) => {
      if (error instanceof Error && error.message.startsWith('NOSCRIPT'))
        return redis.eval(RESERVE, 1, key, ...times);
      throw error;
    });
    return Number(wait) / MICROSECONDS;
  }

  async function reserve(count: number): Promise<number> {
    try {
      await connected;
      if (!isReady()) throw new Error('not connected');
      const waitMs = await reserveThere(count);
      if (alone) logger.info({ bucket: name }, 'the shared rate limit is back');
      alone = false;
      return waitMs;
    } catch {
      if (!alone)
        logger.warn(
          { bucket: name, perMinute },
          'the shared rate limit is out of reach: this process paces itself, at the same rate',
        );
      alone = true;
      return reserveHere(count);
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
