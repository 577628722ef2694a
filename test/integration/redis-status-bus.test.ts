/**
 * The status bus over a real Redis: what every bus promises, then what this one does when Redis
 * fails.
 */
import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Redis } from 'ioredis';
import type { StatusEvent } from '../../src/documents/document.js';
import { createRedisStatusBus, type RedisStatusBus } from '../../src/redis/status-bus.js';
import { createStatusHub } from '../../src/status/hub.js';
import { describeStatusBusContract } from '../support/contracts/status-bus.js';
import { createFakeStore } from '../support/fake-store.js';
import { makeChange } from '../support/make-document.js';
import { makeLog } from '../support/make-log.js';
import '../support/one-error-class.js';
import { openOwnRedis, type OwnRedis } from '../support/own-redis.js';
import { describeWith } from '../support/real-server.js';
import { eventually } from '../support/wait.js';

/** Bytes that are held, without what nobody holds any more. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describeWith('REDIS_URL', (url) => {
  describeStatusBusContract('over Redis, in one process', async () => {
    const bus = await createRedisStatusBus({ url, logger: makeLog() });
    await eventually(() => bus.check().then(() => true));
    return { bus, close: () => bus.stop() };
  });

  describeStatusBusContract('over Redis, from one process to another', async () => {
    const [there, here] = await Promise.all(
      [0, 1].map(() => createRedisStatusBus({ url, logger: makeLog() })),
    );
    if (!there || !here) throw new Error('no buses');
    await eventually(() => Promise.all([there.check(), here.check()]));
    const bus = { ...here, publish: there.publish };
    return { bus, close: async () => void (await Promise.all([there.stop(), here.stop()])) };
  });

  describe('the status bus over Redis', () => {
    let bus: RedisStatusBus;
    let logger: ReturnType<typeof makeLog>;
    let stranger: Redis;

    beforeEach(async () => {
      logger = makeLog();
      bus = await createRedisStatusBus({ url, logger });
      stranger = new Redis(url);
      await eventually(() => bus.check().then(() => true));
    });
    afterEach(async () => {
      await bus.stop();
      stranger.disconnect();
    });

    async function listen(channel: string): Promise<{ seen: StatusEvent[]; leave: () => void }> {
      const seen: StatusEvent[] = [];
      return { seen, leave: await bus.subscribe(channel, (event) => void seen.push(event)) };
    }

    it('brings dates back as dates, of the event and of its document', async () => {
      const id = randomUUID();
      const { seen } = await listen(`document:${id}`);
      const document = {
        id,
        scheduledFor: new Date('2030-01-02T03:04:05.678Z'),
        processedAt: null,
      };
      bus.publish(makeChange(document));
      await eventually(() => seen.length === 1);
      expect(seen[0]?.occurredAt).toBeInstanceOf(Date);
      expect(seen[0]?.document).toMatchObject(document);
    });

    it.each([
      '',
      'null',
      '42',
      '"text"',
      '{}',
      '[]',
      '{"documentId":1}',
      'not JSON',
      '{"documentId":"a","userId":"b","seq":1}',
    ])('hands over nothing of a message that is no event (%j), and goes on', async (message) => {
      const id = randomUUID();
      const { seen } = await listen(`document:${id}`);
      await stranger.publish(`document:${id}`, message);
      bus.publish(makeChange({ id }));
      await eventually(() => seen.length > 0);
      expect(seen.map((event) => event.documentId)).toEqual([id]);
    });

    it('goes on when a listener throws, for it and for everybody else', async () => {
      const id = randomUUID();
      let calls = 0;
      await bus.subscribe(`document:${id}`, () => {
        calls += 1;
        throw new TypeError('a bug in a listener');
      });
      const { seen } = await listen(`document:${id}`);
      bus.publish(makeChange({ id, seq: 1 }));
      bus.publish(makeChange({ id, seq: 2 }));
      await eventually(() => calls === 2 && seen.length === 2);
      expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
    });

    it('a listener may leave while it is being told, and twice', async () => {
      const id = randomUUID();
      const stays = await listen(`document:${id}`);
      const leaves: { leave?: () => void } = {};
      leaves.leave = await bus.subscribe(`document:${id}`, () => leaves.leave?.());
      bus.publish(makeChange({ id, seq: 1 }));
      bus.publish(makeChange({ id, seq: 2 }));
      await eventually(() => stays.seen.length === 2);
      leaves.leave();
      stays.leave();
      stays.leave();
    });

    it('hears nothing more from Redis of a channel that everybody has left', async () => {
      const channel = `document:${randomUUID()}`;
      const listeners = [await listen(channel), await listen(channel)];
      listeners[0]?.leave();
      expect(await stranger.pubsub('NUMSUB', channel)).toEqual([channel, 1]);
      listeners[1]?.leave();
      await eventually(async () => (await stranger.pubsub('NUMSUB', channel))[1] === 0);
    });

    it('who leaves a channel and comes at once again is subscribed', async () => {
      const id = randomUUID();
      for (let round = 0; round < 20; round += 1) (await listen(`document:${id}`)).leave();
      const { seen } = await listen(`document:${id}`);
      bus.publish(makeChange({ id }));
      await eventually(() => seen.length === 1);
    });

    it('serves hundreds of channels, joined all at once', async () => {
      const ids = Array.from({ length: 500 }, () => randomUUID());
      const listeners = await Promise.all(ids.map((id) => listen(`document:${id}`)));
      for (const id of ids) bus.publish(makeChange({ id }));
      await eventually(() => listeners.every(({ seen }) => seen.length === 1));
      expect(listeners.map(({ seen }) => seen[0]?.documentId)).toEqual(ids);
    });

    it('never throws at a publisher, not even at an event that cannot be written', () => {
      expect(() => bus.publish({ ...makeChange(), occurredAt: new Date(NaN) })).not.toThrow();
    });
  });

  describe('the status bus while Redis fails', () => {
    let redis: OwnRedis;
    let logger: ReturnType<typeof makeLog>;
    const buses: RedisStatusBus[] = [];

    beforeEach(async () => {
      redis = await openOwnRedis();
      logger = makeLog();
    });
    afterEach(async () => {
      await Promise.all(buses.splice(0).map((bus) => bus.stop()));
      await redis.close();
    });

    async function open(at = redis.url): Promise<RedisStatusBus> {
      const bus = await createRedisStatusBus({ url: at, logger });
      buses.push(bus);
      return bus;
    }
    const untilUsable = (bus: RedisStatusBus) =>
      eventually(() => bus.check().then(() => true), { what: 'Redis' });

    it('is there before Redis is, says once what it waits for, and is right when it comes', async () => {
      const bus = await open();
      await expect(bus.check()).rejects.toMatchObject({
        code: 'DEPENDENCY_UNAVAILABLE',
        message: expect.stringContaining(`127.0.0.1:${redis.port}`) as string,
      });
      const id = randomUUID();
      const seen: StatusEvent[] = [];
      const joined = bus.subscribe(`document:${id}`, (event) => void seen.push(event));
      await redis.start();
      await joined;
      await untilUsable(bus);
      bus.publish(makeChange({ id }));
      await eventually(() => seen.length === 1);
      // One line for each of its two connections.
      expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
    });

    it('tells of every return of Redis after all channels are subscribed again, and of no first connection', async () => {
      await redis.start();
      const bus = await open();
      await untilUsable(bus);
      const stranger = new Redis(redis.url);
      stranger.on('error', () => undefined);
      const ids = Array.from({ length: 300 }, () => randomUUID());
      const seen = new Set<string>();
      for (const id of ids)
        await bus.subscribe(`document:${id}`, (event) => void seen.add(event.documentId));
      let returns = 0;
      let subscribedAtReturn = 0;
      bus.onReconnect(() => {
        returns += 1;
        void stranger
          .pubsub('CHANNELS', '*')
          .then((channels) => (subscribedAtReturn = (channels as string[]).length));
      });
      for (const round of [1, 2]) {
        await redis.kill();
        await redis.start();
        await eventually(() => returns === round && subscribedAtReturn === ids.length, {
          what: `return ${round}`,
        });
        subscribedAtReturn = 0;
      }
      await untilUsable(bus);
      for (const id of ids) bus.publish(makeChange({ id }));
      await eventually(() => seen.size === ids.length);
      stranger.disconnect();
    });

    it('a channel joined while Redis is away is acknowledged when it is back; one that was left is not joined', async () => {
      await redis.start();
      const bus = await open();
      await untilUsable(bus);
      const leave = await bus.subscribe('document:left', () => undefined);
      await redis.kill();
      await expect(bus.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      leave();
      const joined = bus.subscribe('document:joined', () => undefined);
      await redis.start();
      await joined;
      const stranger = new Redis(redis.url);
      expect(await stranger.pubsub('CHANNELS', '*')).toEqual(['document:joined']);
      stranger.disconnect();
    });

    it('tells the last state of each document when Redis is back, of so many documents at most', async () => {
      await redis.start();
      const [teller, hearer] = [await open(), await open()];
      await Promise.all([untilUsable(teller), untilUsable(hearer)]);
      const id = randomUUID();
      const seen: number[] = [];
      await hearer.subscribe(`document:${id}`, (event) => void seen.push(event.seq));
      await redis.kill();
      await expect(teller.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      const before = heapInUse();
      for (let count = 0; count < 50_000; count += 1) teller.publish(makeChange());
      expect(heapInUse() - before).toBeLessThan(25 * 1024 * 1024);
      for (let seq = 1; seq <= 9; seq += 1) teller.publish(makeChange({ id, seq }));
      await redis.start();
      await Promise.all([untilUsable(teller), untilUsable(hearer)]);
      teller.publish(makeChange({ id, seq: 10 }));
      await eventually(() => seen.at(-1) === 10);
      expect(seen.filter((seq) => seq < 9)).toEqual([]);
    });

    it('its watchers come out right when Redis is killed in the middle and hints are lost', async () => {
      await redis.start();
      const [teller, hearer] = [await open(), await open()];
      await Promise.all([untilUsable(teller), untilUsable(hearer)]);
      const store = createFakeStore();
      const hub = createStatusHub({ bus: hearer, store, logger });
      const documents = Array.from({ length: 20 }, () => store.add());
      const streams = await Promise.all(
        documents.map(({ id, userId }) =>
          hub.watchDocument({ userId, documentId: id, completeOnTerminal: true }),
        ),
      );
      const lasts = streams.map(async (stream) => {
        let last: StatusEvent | undefined;
        for await (const event of stream ?? []) last = event;
        return last?.status;
      });
      await redis.kill();
      // Nobody hears of these: the teller is another process, which ends before Redis is back.
      for (const document of documents) store.set(document.id, { status: 'COMPLETED' });
      await redis.start();
      expect(await Promise.all(lasts)).toEqual(documents.map(() => 'COMPLETED'));
      hub.stop();
    });

    it.each([
      ['no password', (port: number) => `redis://127.0.0.1:${port}`],
      ['a wrong password', (port: number) => `redis://:hunter2-wrong@127.0.0.1:${port}`],
    ])('with %s it says what to mend, and never the password', async (_, toUrl) => {
      await redis.start('--requirepass', 'hunter2-right');
      const bus = await open(toUrl(redis.port));
      const joined = bus.subscribe('document:a', () => undefined);
      joined.catch(() => undefined);
      bus.publish(makeChange());
      await eventually(() =>
        logger.lines.some(({ fields }) => JSON.stringify(fields).includes('password')),
      );
      await expect(bus.check()).rejects.toMatchObject({
        name: 'SetupError',
        message: expect.stringContaining('REDIS_URL') as string,
      });
      expect(JSON.stringify(logger.lines)).not.toContain('hunter2');
    });

    it('goes on by itself when the password is mended there', async () => {
      await redis.start('--requirepass', 'right');
      const bus = await open(`redis://:wrong@127.0.0.1:${redis.port}`);
      const seen: StatusEvent[] = [];
      const joined = bus.subscribe('document:a', (event) => void seen.push(event));
      await eventually(() => logger.lines.length > 0);
      const admin = new Redis(redis.port, { password: 'right' });
      await admin.config('SET', 'requirepass', 'wrong');
      await joined;
      admin.disconnect();
    });

    it('outlives a Redis whose rules forbid the channel', async () => {
      await redis.start();
      const admin = new Redis(redis.url);
      await admin.acl(
        'SETUSER',
        'limited',
        'on',
        '>secret-of-limited',
        '~*',
        '+@all',
        'resetchannels',
        '&document:allowed',
      );
      const bus = await open(`redis://limited:secret-of-limited@127.0.0.1:${redis.port}`);
      await untilUsable(bus);
      let refusedJoined = false;
      void bus.subscribe('document:forbidden', () => undefined).then(() => (refusedJoined = true));
      await bus.subscribe('document:allowed', () => undefined);
      await eventually(() =>
        logger.lines.some(({ message }) => message.includes('failed to subscribe')),
      );
      await admin.client('KILL', 'USER', 'limited');
      await eventually(
        () =>
          logger.lines.filter(({ message }) => message.includes('failed to subscribe')).length > 1,
      );
      expect(refusedJoined).toBe(false);
      expect(JSON.stringify(logger.lines)).not.toContain('secret-of-limited');
      admin.disconnect();
    });

    it('check answers in time about a Redis that hangs', async () => {
      await redis.start();
      const bus = await open();
      await untilUsable(bus);
      redis.pause();
      const startedAt = performance.now();
      await expect(bus.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      redis.resume();
      await untilUsable(bus);
    });

    it('stopping leaves nothing open and nothing unhandled, with subscriptions under way and Redis away', async () => {
      const bus = await open();
      const joined = bus.subscribe('document:a', () => undefined);
      joined.catch(() => undefined);
      bus.publish(makeChange());
      await bus.stop();
      await redis.start();
      const other = await open();
      await untilUsable(other);
      const leave = await other.subscribe('document:b', () => undefined);
      void other.subscribe('document:c', () => undefined);
      other.publish(makeChange());
      await other.stop();
      leave();
      const stranger = new Redis(redis.url);
      expect(((await stranger.client('LIST')) as string).match(/docstream-/g)).toBeNull();
      stranger.disconnect();
    });
  });
});
