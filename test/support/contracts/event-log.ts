/** The contract of EventLog. */
import { randomUUID } from 'node:crypto';
import type { EventLog, LogRecord } from '../../../src/documents/ports.js';

interface Opened {
  eventLog: EventLog;
  /** Creates a topic for one test. */
  makeTopic: () => Promise<string>;
  /** Returns the records of a topic, in the order of each key. */
  read: (topic: string) => Promise<LogRecord[]>;
  close: () => Promise<void>;
}

export function describeEventLogContract(name: string, open: () => Promise<Opened>): void {
  describe(`an event log: ${name}`, () => {
    let eventLog: EventLog;
    let opened: Opened;
    let topic: string;

    beforeAll(async () => {
      opened = await open();
      eventLog = opened.eventLog;
    });
    beforeEach(async () => {
      topic = await opened.makeTopic();
    });
    afterAll(() => opened.close());

    const make = (more: Partial<LogRecord> = {}): LogRecord => ({
      topic,
      key: randomUUID(),
      headers: { ce_id: 'a:1' },
      value: '{}',
      ...more,
    });
    const held = async () =>
      (await opened.read(topic)).map(({ key, headers, value }) => ({ key, headers, value }));

    it('holds a record unchanged once publish has resolved', async () => {
      const { topic: _topic, ...record } = make({
        headers: { ce_id: 'ü:1', traceparent: '00-ab-cd-01' },
        value: '{"filename":"ключ.pdf"}',
      });
      expect(await eventLog.publish([{ topic, ...record }])).toEqual([]);
      expect(await held()).toEqual([record]);
    });

    it('holds a tombstone', async () => {
      const key = randomUUID();
      await eventLog.publish([make({ key, value: null, headers: {} })]);
      expect(await held()).toEqual([{ key, headers: {}, value: null }]);
    });

    it('keeps the order of the records of a key, within one publish and over many', async () => {
      const key = randomUUID();
      const values = Array.from({ length: 60 }, (_, index) => String(index));
      await eventLog.publish(values.slice(0, 20).map((value) => make({ key, value })));
      await Promise.all(values.slice(20).map((value) => eventLog.publish([make({ key, value })])));
      expect((await held()).map((record) => record.value)).toEqual(values);
    });

    it('accepts records of several topics in one publish', async () => {
      const other = await opened.makeTopic();
      await eventLog.publish([make({ value: 'here' }), make({ topic: other, value: 'there' })]);
      expect((await opened.read(topic)).map((record) => record.value)).toEqual(['here']);
      expect((await opened.read(other)).map((record) => record.value)).toEqual(['there']);
    });

    it('accepts an empty list', async () => {
      expect(await eventLog.publish([])).toEqual([]);
      expect(await held()).toEqual([]);
    });
  });
}
