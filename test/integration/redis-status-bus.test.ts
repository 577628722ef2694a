/** The status bus over a real Redis: the contract of every bus, then its behaviour in outages. */
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
import { makeLogger } from '../support/make-logger.js';
import '../support/one-error-class.js';
import { openOwnRedis, type OwnRedis } from '../support/own-redis.js';
import { describeWith } from '../support/real-server.js';
import { eventually } from '../support/wait.js';

/** Returns the bytes of reachable objects: garbage is collected first. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describeWith('REDIS_URL', (url) => {
  describeStatusBusContract('over Redis, in one process', async () => {
    const bus = await createRedisStatusBus({ url, logger: makeLogger() });
    await eventually(() => bus.check().then(() => true));
    return { bus, close: () => bus.stop() };
  });

  describeStatusBusContract('over Redis, from one process to another', async () => {
    const remote = await createRedisStatusBus({ url, logger: makeLogger() });
    const local = await createRedisStatusBus({ url, logger: makeLogger() });
    await eventually(() => Promise.all([remote.check(), local.check()]));
    const bus = { ...local, publish: remote.publish };
    return { bus, close: async () => void (await Promise.all([remote.stop(), local.stop()])) };
  });

  describe('the status bus over Redis', () => {
    let bus: RedisStatusBus;
    let logger: ReturnType<typeof makeLogger>;
    let otherClient: Redis;

    beforeEach(async () => {
      logger = makeLogger();
      bus = await createRedisStatusBus({ url, logger });
      otherClient = new Redis(url);
      await eventually(() => bus.check().then(() => true));
    });
    afterEach(async () => {
      await bus.stop();
      otherClient.disconnect();
    });

    async function listen(channel: string): Promise<{ seen: StatusEvent[]; leave: () => void }> {
      const seen: StatusEvent[] = [];
      return { seen, leave: await bus.subscribe(channel, (event) => void seen.push(event)) };
    }

    it('delivers the dates of an event and of its document as dates', async () => {
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
    ])('drops a message that is not an event (%j), and continues', async (message) => {
      const id = randomUUID();
      const { seen } = await listen(`document:${id}`);
      await otherClient.publish(`document:${id}`, message);
      bus.publish(makeChange({ id }));
      await eventually(() => seen.length > 0);
      expect(seen.map((event) => event.documentId)).toEqual([id]);
    });

    it('continues for every listener when one of them throws', async () => {
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

    it('allows a listener to unsubscribe while it is being called, and twice', async () => {
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

    it('unsubscribes from a channel that every listener has left', async () => {
      const channel = `document:${randomUUID()}`;
      const listeners = [await listen(channel), await listen(channel)];
      listeners[0]?.leave();
      expect(await otherClient.pubsub('NUMSUB', channel)).toEqual([channel, 1]);
      listeners[1]?.leave();
      await eventually(async () => (await otherClient.pubsub('NUMSUB', channel))[1] === 0);
    });

    it('subscribes a listener that leaves a channel and returns at once', async () => {
      const id = randomUUID();
      for (let round = 0; round < 20; round += 1) (await listen(`document:${id}`)).leave();
      const { seen } = await listen(`document:${id}`);
      bus.publish(makeChange({ id }));
      await eventually(() => seen.length === 1);
    });

    it('serves hundreds of channels that are subscribed to at the same time', async () => {
      const ids = Array.from({ length: 500 }, () => randomUUID());
      const listeners = await Promise.all(ids.map((id) => listen(`document:${id}`)));
      for (const id of ids) bus.publish(makeChange({ id }));
      await eventually(() => listeners.every(({ seen }) => seen.length === 1));
      expect(listeners.map(({ seen }) => seen[0]?.documentId)).toEqual(ids);
    });

    it('does not throw at a publisher, even for an event that cannot be serialised', () => {
      expect(() => bus.publish({ ...makeChange(), occurredAt: new Date(NaN) })).not.toThrow();
    });
  });

  describe('the status bus in an outage of Redis', () => {
    let redis: OwnRedis;
    let logger: ReturnType<typeof makeLogger>;
    const buses: RedisStatusBus[] = [];

    beforeEach(async () => {
      redis = await openOwnRedis();
      logger = makeLogger();
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

    it('starts before Redis does, logs once what it waits for, and works when Redis responds', async () => {
      const bus = await open();
      await expect(bus.check()).rejects.toMatchObject({
        code: 'DEPENDENCY_UNAVAILABLE',
        message: expect.stringContaining(`127.0.0.1:${redis.port}`) as string,
      });
      const id = randomUUID();
      const seen: StatusEvent[] = [];
      const subscribed = bus.subscribe(`document:${id}`, (event) => void seen.push(event));
      await redis.start();
      await subscribed;
      await untilUsable(bus);
      bus.publish(makeChange({ id }));
      await eventually(() => seen.length === 1);
      // One line for each of its two connections.
      expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
    });

    it('reports every reconnect after all channels are subscribed to again, and not the first connect', async () => {
      await redis.start();
      const bus = await open();
      await untilUsable(bus);
      const otherClient = new Redis(redis.url);
      otherClient.on('error', () => undefined);
      const ids = Array.from({ length: 300 }, () => randomUUID());
      const seen = new Set<string>();
      for (const id of ids)
        await bus.subscribe(`document:${id}`, (event) => void seen.add(event.documentId));
      let reconnects = 0;
      let subscribedChannels = 0;
      bus.onReconnect(() => {
        reconnects += 1;
        void otherClient
          .pubsub('CHANNELS', '*')
          .then((channels) => (subscribedChannels = (channels as string[]).length));
      });
      for (const round of [1, 2]) {
        await redis.kill();
        await redis.start();
        await eventually(() => reconnects === round && subscribedChannels === ids.length, {
          what: `reconnect ${round}`,
        });
        subscribedChannels = 0;
      }
      await untilUsable(bus);
      for (const id of ids) bus.publish(makeChange({ id }));
      await eventually(() => seen.size === ids.length);
      otherClient.disconnect();
    });

    it('acknowledges a subscription of an outage when Redis responds again, and drops one that was left', async () => {
      await redis.start();
      const bus = await open();
      await untilUsable(bus);
      const leave = await bus.subscribe('document:left', () => undefined);
      await redis.kill();
      await expect(bus.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      leave();
      const subscribed = bus.subscribe('document:subscribed', () => undefined);
      await redis.start();
      await subscribed;
      const otherClient = new Redis(redis.url);
      expect(await otherClient.pubsub('CHANNELS', '*')).toEqual(['document:subscribed']);
      otherClient.disconnect();
    });

    it('publishes the last state of a limited number of documents when Redis responds again', async () => {
      await redis.start();
      const publisher = await open();
      const subscriber = await open();
      await Promise.all([untilUsable(publisher), untilUsable(subscriber)]);
      const id = randomUUID();
      const seen: number[] = [];
      await subscriber.subscribe(`document:${id}`, (event) => void seen.push(event.seq));
      await redis.kill();
      await expect(publisher.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
      const before = heapInUse();
      for (let count = 0; count < 50_000; count += 1) publisher.publish(makeChange());
      expect(heapInUse() - before).toBeLessThan(25 * 1024 * 1024);
      for (let seq = 1; seq <= 9; seq += 1) publisher.publish(makeChange({ id, seq }));
      await redis.start();
      await Promise.all([untilUsable(publisher), untilUsable(subscriber)]);
      publisher.publish(makeChange({ id, seq: 10 }));
      await eventually(() => seen.at(-1) === 10);
      expect(seen.filter((seq) => seq < 9)).toEqual([]);
    });

    it('lets watchers see the last state when Redis is killed and notifications are lost', async () => {
      await redis.start();
      const publisher = await open();
      const subscriber = await open();
      await Promise.all([untilUsable(publisher), untilUsable(subscriber)]);
      const store = createFakeStore();
      const hub = createStatusHub({ bus: subscriber, store, logger });
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
      // Never published: the publisher is another process, which ends before Redis is back.
      for (const document of documents) store.set(document.id, { status: 'COMPLETED' });
      await redis.start();
      expect(await Promise.all(lasts)).toEqual(documents.map(() => 'COMPLETED'));
      hub.stop();
    });

    it.each([
      ['no password', (port: number) => `redis://127.0.0.1:${port}`],
      ['a wrong password', (port: number) => `redis://:hunter2-wrong@127.0.0.1:${port}`],
    ])('says what to correct with %s, and never quotes the password', async (_, toUrl) => {
      await redis.start('--requirepass', 'hunter2-right');
      const bus = await open(toUrl(redis.port));
      const subscribed = bus.subscribe('document:a', () => undefined);
      subscribed.catch(() => undefined);
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

    it('continues on its own when the password is corrected in Redis', async () => {
      await redis.start('--requirepass', 'right');
      const bus = await open(`redis://:wrong@127.0.0.1:${redis.port}`);
      const seen: StatusEvent[] = [];
      const subscribed = bus.subscribe('document:a', (event) => void seen.push(event));
      await eventually(() => logger.lines.length > 0);
      const admin = new Redis(redis.port, { password: 'right' });
      await admin.config('SET', 'requirepass', 'wrong');
      await subscribed;
      admin.disconnect();
    });

    it('survives a Redis whose ACL denies a channel', async () => {
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
      let isForbiddenSubscribed = false;
      void bus
        .subscribe('document:forbidden', () => undefined)
        .then(() => (isForbiddenSubscribed = true));
      await bus.subscribe('document:allowed', () => undefined);
      await eventually(() =>
        logger.lines.some(({ message }) => message.includes('failed to subscribe')),
      );
      await admin.client('KILL', 'USER', 'limited');
      await eventually(
        () =>
          logger.lines.filter(({ message }) => message.includes('failed to subscribe')).length > 1,
      );
      expect(isForbiddenSubscribed).toBe(false);
      expect(JSON.stringify(logger.lines)).not.toContain('secret-of-limited');
      admin.disconnect();
    });

    it('rejects a check in time while Redis hangs', async () => {
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

    it('closes every connection and handles every rejection when it stops during an outage', async () => {
      const bus = await open();
      const subscribed = bus.subscribe('document:a', () => undefined);
      subscribed.catch(() => undefined);
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
      const otherClient = new Redis(redis.url);
      expect(((await otherClient.client('LIST')) as string).match(/docstream-/g)).toBeNull();
      otherClient.disconnect();
    });
  });
});
