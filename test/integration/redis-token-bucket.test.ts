/**
 * One bucket for all processes, on a real Redis. Buckets here are fast, so that a test takes no
 * minute.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createSharedTokenBucket } from '../../src/redis/shared-token-bucket.js';
import type { TokenBucket } from '../../src/rate-limit/token-bucket.js';
import { makeLogger } from '../support/make-logger.js';
import '../support/one-error-class.js';
import { openOwnRedis, type OwnRedis } from '../support/own-redis.js';
import { describeWith } from '../support/real-server.js';
import { eventually } from '../support/wait.js';

/** 475 a second, and 1,500 at once. */
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

  /** Until then a bucket paces itself, and says so. */
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

  it('buckets of one name in several processes give out together what one would', async () => {
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

  it('buckets of different names do not know each other', async () => {
    const [one, other] = [open(randomUUID()), open(randomUUID())];
    await untilConnected(one);
    await untilConnected(other);
    await one.take(BURST, never);
    expect(await msOf(other.take(BURST, never))).toBeLessThan(200);
  });

  it('serves who asked first, first', async () => {
    const bucket = open(randomUUID());
    await untilConnected(bucket);
    await bucket.take(BURST, never);
    const order: number[] = [];
    await Promise.all(
      [200, 5, 100].map((count, index) => bucket.take(count, never).then(() => order.push(index))),
    );
    expect(order).toEqual([0, 1, 2]);
  });

  it('a wait ends with the reason of the signal', async () => {
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

  it('leaves nothing in Redis for good', async () => {
    const name = randomUUID();
    const bucket = open(name);
    await untilConnected(bucket);
    await bucket.take(10, never);
    const stranger = new Redis(url);
    expect(await stranger.pttl(`docstream:tokens:${name}`)).toBeGreaterThan(0);
    stranger.disconnect();
  });

  it('goes on after Redis has forgotten its script', async () => {
    const bucket = open(randomUUID());
    await untilConnected(bucket);
    const stranger = new Redis(url);
    await stranger.script('FLUSH');
    stranger.disconnect();
    await bucket.take(1, never);
    expect(logger.lines).toEqual([]);
  });

  describe('while Redis fails', () => {
    let redis: OwnRedis;
    beforeEach(async () => {
      redis = await openOwnRedis();
    });
    afterEach(() => redis.close());

    const alone = () => logger.lines.filter(({ message }) => message.includes('paces itself'));

    it('a process paces itself at the same rate, and says so once an outage', async () => {
      await redis.start();
      const bucket = open(randomUUID(), { at: redis.url });
      await untilConnected(bucket);
      await redis.kill();
      const tookMs = await msOf(
        Promise.all(Array.from({ length: 20 }, () => bucket.take(96, never))),
      );
      expect(tookMs).toBeGreaterThan(((20 * 96 - BURST) / PER_SECOND) * 1_000 * 0.95);
      expect(alone()).toHaveLength(1);
      await redis.start();
      await eventually(() =>
        bucket
          .take(0, never)
          .then(() => logger.lines.at(-1)?.message === 'the shared rate limit is back'),
      );
      await redis.kill();
      await bucket.take(1, never);
      expect(alone()).toHaveLength(2);
    });

    it('a Redis that hangs holds nobody up for longer than a second or so', async () => {
      await redis.start();
      const bucket = open(randomUUID(), { at: redis.url });
      await untilConnected(bucket);
      redis.pause();
      expect(await msOf(bucket.take(1, never))).toBeLessThan(3_000);
      expect(alone()).toHaveLength(1);
    });

    it('stopping ends the waits', async () => {
      const bucket = open(randomUUID(), { at: redis.url });
      const rejected = expect(bucket.take(1_000_000, never)).rejects.toThrow('stopped');
      bucket.stop();
      await rejected;
    });
  });
});
