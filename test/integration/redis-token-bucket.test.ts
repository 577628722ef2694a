/** One bucket for all processes, on a real Redis. The buckets are fast, so that tests are short. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createSharedTokenBucket } from '../../src/redis/shared-token-bucket.js';
import type { TokenBucket } from '../../src/rate-limit/token-bucket.js';
import { makeLogger } from '../support/make-logger.js';
import '../support/one-error-class.js';
import { openOwnRedis, type OwnRedis } from '../support/own-redis.js';
import { describeWith } from '../support/real-server.js';
import { eventually } from '../support/wait.js';

/** 475 tokens a second, and 1,500 at once. */
const PER_MINUTE = 30_000;
const BURST = 1_500;
const PER_SECOND = 475;
const never = new AbortController().signal;

describeWith('REDIS_URL', (url) => {
  let logger: ReturnType<typeof makeLogger>;
  const buckets: TokenBucket[] = [];

  beforeEach(() => {
    logger = makeLogger();
  });
  afterEach(() => {
    for (const bucket of buckets.splice(0)) bucket.stop();
  });

  function open(name: string, { at = url, perMinute = PER_MINUTE } = {}): TokenBucket {
    const bucket = createSharedTokenBucket({ url: at, name, perMinute, logger });
    buckets.push(bucket);
    return bucket;
  }

  /** Until then a bucket applies the rate on its own, and logs that. */
  async function untilConnected(bucket: TokenBucket): Promise<void> {
    await eventually(async () => {
      logger.lines.length = 0;
      await bucket.take(0, never);
      return logger.lines.length === 0;
    });
  }

  async function msOf(work: Promise<unknown>): Promise<number> {
    const startedAt = performance.now();
    await work;
    return performance.now() - startedAt;
  }

  it('shares one rate among the buckets of one name in several processes', async () => {
    const name = randomUUID();
    const three = [open(name), open(name), open(name)];
    await Promise.all(three.map(untilConnected));
    const takes = Array.from({ length: 24 }, (_, index) => index % three.length).map(
      async (index) => three[index]?.take(96, never),
    );
    const tookMs = await msOf(Promise.all(takes));
    const leastMs = ((24 * 96 - BURST) / PER_SECOND) * 1_000;
    expect(tookMs).toBeGreaterThan(leastMs * 0.95);
    expect(tookMs).toBeLessThan(leastMs * 1.5 + 300);
  });

  it('keeps buckets of different names apart', async () => {
    const one = open(randomUUID());
    const other = open(randomUUID());
    await untilConnected(one);
    await untilConnected(other);
    await one.take(BURST, never);
    expect(await msOf(other.take(BURST, never))).toBeLessThan(200);
  });

  it('serves requests in their order', async () => {
    const bucket = open(randomUUID());
    await untilConnected(bucket);
    await bucket.take(BURST, never);
    const order: number[] = [];
    await Promise.all(
      [200, 5, 100].map((count, index) => bucket.take(count, never).then(() => order.push(index))),
    );
    expect(order).toEqual([0, 1, 2]);
  });

  it('rejects a wait with the reason of the signal', async () => {
    const bucket = open(randomUUID());
    await untilConnected(bucket);
    await bucket.take(BURST, never);
    const controller = new AbortController();
    const reason = new Error('cancelled by the user');
    const rejected = expect(bucket.take(10_000, controller.signal)).rejects.toBe(reason);
    controller.abort(reason);
    await rejected;
    await expect(bucket.take(1, controller.signal)).rejects.toBe(reason);
  });

  it('sets an expiry on its key in Redis', async () => {
    const name = randomUUID();
    const bucket = open(name);
    await untilConnected(bucket);
    await bucket.take(10, never);
    const otherClient = new Redis(url);
    expect(await otherClient.pttl(`docstream:tokens:${name}`)).toBeGreaterThan(0);
    otherClient.disconnect();
  });

  it('continues after Redis has lost its script', async () => {
    const bucket = open(randomUUID());
    await untilConnected(bucket);
    const otherClient = new Redis(url);
    await otherClient.script('FLUSH');
    otherClient.disconnect();
    await bucket.take(1, never);
    expect(logger.lines).toEqual([]);
  });

  describe('while Redis is unavailable', () => {
    let redis: OwnRedis;
    beforeEach(async () => {
      redis = await openOwnRedis();
    });
    afterEach(() => redis.close());

    const warnings = () => logger.lines.filter(({ message }) => message.includes('on its own'));

    it('applies the same rate in each process, and logs that once in an outage', async () => {
      await redis.start();
      const bucket = open(randomUUID(), { at: redis.url });
      await untilConnected(bucket);
      await redis.kill();
      const tookMs = await msOf(
        Promise.all(Array.from({ length: 20 }, () => bucket.take(96, never))),
      );
      expect(tookMs).toBeGreaterThan(((20 * 96 - BURST) / PER_SECOND) * 1_000 * 0.95);
      expect(warnings()).toHaveLength(1);
      await redis.start();
      await eventually(() =>
        bucket
          .take(0, never)
          .then(() => logger.lines.at(-1)?.message === 'the shared rate limit is available again'),
      );
      await redis.kill();
      await bucket.take(1, never);
      expect(warnings()).toHaveLength(2);
    });

    it('delays a request by about a second at most when Redis hangs', async () => {
      await redis.start();
      const bucket = open(randomUUID(), { at: redis.url });
      await untilConnected(bucket);
      redis.pause();
      expect(await msOf(bucket.take(1, never))).toBeLessThan(3_000);
      expect(warnings()).toHaveLength(1);
    });

    it('rejects waiting requests when it stops', async () => {
      const bucket = open(randomUUID(), { at: redis.url });
      const rejected = expect(bucket.take(1_000_000, never)).rejects.toThrow('stopped');
      bucket.stop();
      await rejected;
    });
  });
});
