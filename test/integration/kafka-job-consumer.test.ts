import { randomUUID } from 'node:crypto';
import type { Message } from 'kafkajs';
import type { DeadLetter } from '../../src/documents/ports.js';
import { createKafkaAdmin } from '../../src/kafka/admin.js';
import { createJobConsumer, type JobConsumer } from '../../src/kafka/job-consumer.js';
import { readLag } from '../../src/kafka/lag.js';
import { toJobRecord } from '../../src/messages/job.js';
import {
  deleteTopics,
  describeWithKafka,
  makeNamedTopic,
  makeTopic,
  openKafka,
  withAdmin,
} from '../support/kafka.js';
import { startKafkaProxy, type KafkaProxy } from '../support/kafka-proxy.js';
import { eventually } from '../support/wait.js';

const PARTITIONS = 3;
const OWN_ERRORS = [TypeError, RangeError, SyntaxError, ReferenceError].map((ErrorClass) => ({
  ErrorClass,
  name: ErrorClass.name,
}));

describeWithKafka('the job consumer', () => {
  const { kafka, logger } = openKafka();
  const admin = createKafkaAdmin({ kafka, logger });
  const producer = kafka.producer();
  const running: JobConsumer[] = [];
  const proxies: KafkaProxy[] = [];
  let topic: string;
  let groupId: string;

  beforeAll(() => producer.connect());
  afterAll(async () => {
    await producer.disconnect();
    await admin.stop();
  });
  beforeEach(async () => {
    topic = await makeTopic(kafka, { partitions: PARTITIONS });
    groupId = randomUUID();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
    await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  });

  function create(more: Partial<Parameters<typeof createJobConsumer>[0]> = {}) {
    const seen = { claims: 0, deadLetters: [] as DeadLetter[], crashes: [] as unknown[] };
    const consumer = createJobConsumer({
      kafka,
      groupId,
      topic,
      logger,
      onWakeUp: () => {
        seen.claims += 1;
      },
      onUnreadable: async (deadLetter) => void seen.deadLetters.push(deadLetter),
      onCrash: (error) => void seen.crashes.push(error),
      ...more,
    });
    running.push(consumer);
    return { consumer, seen };
  }

  async function start(more: Partial<Parameters<typeof createJobConsumer>[0]> = {}) {
    const created = create(more);
    await created.consumer.start();
    return created;
  }

  const makeWakeUp = (documentId: string = randomUUID()): Message => {
    const { key, value } = toJobRecord({ documentId, generation: 1 });
    return { key, value };
  };
  const send = (messages: Message[]) => producer.send({ topic, messages });
  const sendWakeUps = (count: number) => send(Array.from({ length: count }, () => makeWakeUp()));
  const lag = () => readLag(admin, { groupId, topic });
  const settled = () =>
    eventually(async () => (await lag()) === 0, { timeoutMs: 60_000, everyMs: 50 });
  const membersOf = () =>
    withAdmin(kafka, async (client) =>
      (await client.describeGroups([groupId])).groups.flatMap(({ members }) =>
        members.map((member) => member.memberId),
      ),
    );

  it('reads messages that are older than the group', async () => {
    await sendWakeUps(5);
    const { seen } = await start();
    await settled();
    expect(seen.claims).toBeGreaterThan(0);
  });

  it('treats the same message 50 times as a wake-up', async () => {
    const wakeUp = makeWakeUp();
    const { seen } = await start();
    await send(Array.from({ length: 50 }, () => wakeUp));
    await settled();
    expect(seen.claims).toBeGreaterThan(0);
    expect(seen.claims).toBeLessThanOrEqual(50);
    expect(seen.deadLetters).toEqual([]);
  });

  it('commits a wake-up message only after a claim was tried', async () => {
    const claim = Promise.withResolvers<void>();
    let isCalled = false;
    await start({
      onWakeUp: () => {
        isCalled = true;
        return claim.promise;
      },
    });
    await sendWakeUps(5);
    await eventually(() => isCalled);
    expect(await lag()).toBe(5);
    claim.resolve();
    await settled();
  });

  it('leaves a wake-up message whose claim failed to the next worker', async () => {
    const { consumer } = await start({ onWakeUp: () => Promise.reject(new Error('no database')) });
    await sendWakeUps(5);
    await eventually(() =>
      logger.lines.some(({ message }) => message.includes('failed to handle wake-up messages')),
    );
    await consumer.stop();
    expect(await lag()).toBe(5);
    const { seen } = await start();
    await settled();
    expect(seen.claims).toBeGreaterThan(0);
  });

  it("is needed: one of JavaScript's own errors in a handler ends a plain consumer, and the process stays alive", async () => {
    const plain = kafka.consumer({ groupId });
    const crashes: boolean[] = [];
    plain.on('consumer.crash', ({ payload }) => void crashes.push(payload.restart));
    await plain.connect();
    await plain.subscribe({ topics: [topic], fromBeginning: true });
    await plain.run({ eachMessage: () => Promise.reject(new TypeError('a bug')) });
    await sendWakeUps(1);
    await eventually(() => crashes.length > 0);
    expect(crashes).toEqual([false]);
    expect(await membersOf()).toEqual([]);
  });

  it.each(OWN_ERRORS)(
    'survives a claim and a dead letter that throw a $name',
    async ({ ErrorClass }) => {
      let failures = 2;
      const failing = async () => {
        failures -= 1;
        if (failures >= 0) throw new ErrorClass('a bug');
      };
      const { seen } = await start({ onWakeUp: failing, onUnreadable: failing });
      await send([makeWakeUp(), { key: 'k', value: 'not JSON' }]);
      await settled();
      expect(seen.crashes).toEqual([]);
      expect(await membersOf()).toHaveLength(1);
    },
  );

  it('stores unreadable messages, cut to 64 kB, and continues', async () => {
    const good = makeWakeUp();
    const unreadable: [string, Message][] = [
      ['NOT_JSON', { key: 'k', value: 'not JSON' }],
      ['NOT_JSON', { key: 'k', value: Buffer.from([0xff, 0x00, 0xfe]) }],
      [
        'UNKNOWN_VERSION',
        { key: 'k', value: JSON.stringify({ version: 2, documentId: randomUUID() }) },
      ],
      ['NO_KEY', { value: good.value }],
      ['NO_VALUE', { key: 'k', value: null }],
      [
        'INVALID',
        {
          key: 'k',
          value: JSON.stringify({ version: 1, documentId: '../../etc/passwd', generation: 1 }),
        },
      ],
      ['TOO_LARGE', { key: 'k', value: 'x'.repeat(1_000_000) }],
    ];
    const { seen } = await start();
    await send(unreadable.map(([, message]) => ({ ...message, partition: 0 })));
    await send([{ ...good, partition: 0 }]);
    await settled();
    expect(seen.deadLetters.map(({ reason }) => reason)).toEqual(
      unreadable.map(([reason]) => reason),
    );
    expect(seen.deadLetters.map(({ offset }) => offset)).toEqual(
      unreadable.map((_, offset) => String(offset)),
    );
    expect(seen.deadLetters.map(({ value }) => value?.length ?? null)).toEqual([
      8,
      3,
      expect.any(Number),
      good.value?.length,
      null,
      expect.any(Number),
      65_536,
    ]);
    expect(seen.deadLetters.at(0)).toMatchObject({ topic, partition: 0, key: 'k' });
    expect(seen.claims).toBeGreaterThan(0);
  });

  it('converts any key to one that a text column accepts', async () => {
    const { seen } = await start();
    await send([{ key: Buffer.from([0x61, 0x00, 0xff]), value: 'not JSON' }]);
    await settled();
    expect(seen.deadLetters[0]?.key).toBe('a\uFFFD\uFFFD');
  });

  it('reads nothing while it is paused, and continues when it is resumed', async () => {
    const { consumer, seen } = await start();
    await eventually(async () => (await membersOf()).length === 1);
    consumer.pause();
    await sendWakeUps(5);
    await otherGroupHasReadAll();
    expect([seen.claims, await lag()]).toEqual([0, 5]);
    consumer.resume();
    await settled();
    expect(seen.claims).toBeGreaterThan(0);
  });

  /** Resolves when another group, which starts later and is not paused, has read all messages. */
  async function otherGroupHasReadAll(): Promise<void> {
    const otherGroup = randomUUID();
    await start({ groupId: otherGroup });
    await eventually(async () => (await readLag(admin, { groupId: otherGroup, topic })) === 0, {
      timeoutMs: 20_000,
    });
  }

  it('stays paused when it was paused before its start', async () => {
    const { consumer, seen } = create();
    consumer.pause();
    await sendWakeUps(3);
    await consumer.start();
    await otherGroupHasReadAll();
    expect(seen.claims).toBe(0);
    consumer.resume();
    await settled();
  });

  it('commits what it has read, and leaves the group, when it stops', async () => {
    const { consumer } = await start();
    await sendWakeUps(10);
    await settled();
    expect(await membersOf()).toHaveLength(1);
    await consumer.stop();
    expect(await membersOf()).toEqual([]);
    const { seen } = await start();
    await sendWakeUps(1);
    await settled();
    expect(seen.claims).toBe(1);
  });

  it('stops while a claim hangs, and leaves the message to others', async () => {
    let isCalled = false;
    const { consumer } = await start({
      onWakeUp: () => {
        isCalled = true;
        return new Promise<void>(() => undefined);
      },
    });
    await sendWakeUps(3);
    await eventually(() => isCalled);
    await consumer.stop();
    expect([await membersOf(), await lag()]).toEqual([[], 3]);
  });

  it('shares the partitions with another consumer, and reads all of them when it is alone', async () => {
    const first = await start();
    const second = await start();
    await eventually(async () => (await membersOf()).length === 2, { timeoutMs: 20_000 });
    await sendWakeUps(30);
    await settled();
    await first.consumer.stop();
    const before = second.seen.claims;
    await sendWakeUps(30);
    await settled();
    expect(second.seen.claims).toBeGreaterThan(before);
  });

  it('continues when its topic was deleted and created again', async () => {
    const { seen } = await start();
    await sendWakeUps(30);
    await settled();
    await deleteTopics(kafka, [topic]);
    await eventually(
      () =>
        logger.lines.some(({ message }) =>
          /UNKNOWN_TOPIC|does not host this topic|Restarting/.test(message),
        ),
      {
        timeoutMs: 20_000,
      },
    );
    await makeNamedTopic(kafka, topic, PARTITIONS);
    const before = seen.claims;
    await eventually(() => sendWakeUps(3).then(() => true), { timeoutMs: 20_000 });
    await eventually(() => seen.claims > before, { timeoutMs: 60_000 });
    await settled();
    expect(seen.crashes).toEqual([]);
  });

  it('continues when its topic was replaced by a shorter one while it was paused', async () => {
    const { consumer, seen } = await start();
    await sendWakeUps(30);
    await settled();
    consumer.pause();
    await deleteTopics(kafka, [topic]);
    await eventually(() => makeNamedTopic(kafka, topic, PARTITIONS).then(() => true), {
      timeoutMs: 20_000,
    });
    await eventually(() => sendWakeUps(3).then(() => true), { timeoutMs: 20_000 });
    const before = seen.claims;
    consumer.resume();
    await eventually(() => seen.claims > before, { timeoutMs: 60_000 });
    await settled();
    expect(seen.crashes).toEqual([]);
  });

  it('waits for an unavailable Kafka, and continues when it responds again', async () => {
    const proxy = await startKafkaProxy();
    proxies.push(proxy);
    const { kafka: through } = openKafka({ socketFactory: proxy.socketFactory });
    proxy.isAway = true;
    const { consumer, seen } = create({ kafka: through });
    await expect(consumer.start()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
    proxy.isAway = false;
    await consumer.start();
    await sendWakeUps(3);
    await settled();

    proxy.isAway = true;
    const refused = proxy.refused;
    await eventually(() => proxy.refused > refused + 8, { timeoutMs: 60_000 });
    proxy.isAway = false;
    await sendWakeUps(3);
    await settled();
    expect(seen.crashes).toEqual([]);
  });

  it('stops while Kafka is unavailable', async () => {
    const proxy = await startKafkaProxy();
    proxies.push(proxy);
    const { consumer } = await start({
      kafka: openKafka({ socketFactory: proxy.socketFactory }).kafka,
    });
    await eventually(async () => (await membersOf()).length === 1);
    proxy.isAway = true;
    await eventually(() => proxy.refused > 4, { timeoutMs: 60_000 });
    await consumer.stop();
    proxy.isAway = false;
    await eventually(async () => (await membersOf()).length === 0, { timeoutMs: 60_000 });
  });

  it('reports a final error', async () => {
    const roundRobinOnly = kafka.consumer({ groupId, partitionAssigners: [assignNothing] });
    await roundRobinOnly.connect();
    await roundRobinOnly.subscribe({ topics: [topic] });
    await roundRobinOnly.run({ eachMessage: async () => undefined });
    const { consumer, seen } = create();
    await expect(consumer.start()).rejects.toThrow('protocol');
    expect(seen.crashes).toHaveLength(1);
    await roundRobinOnly.disconnect();
  });

  it('throws DEPENDENCY_UNAVAILABLE if no broker responds', async () => {
    const { kafka: unreachable } = openKafka({ brokers: ['127.0.0.1:1'] });
    await expect(start({ kafka: unreachable })).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
  });
});

/** An assigner that the product's consumers do not know: they cannot be in one group with it. */
function assignNothing() {
  return {
    name: 'Nothing',
    version: 0,
    assign: async () => [],
    protocol: () => ({ name: 'Nothing', metadata: Buffer.alloc(0) }),
  };
}
