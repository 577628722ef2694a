/** What every EventLog promises. */
import { randomUUID } from 'node:crypto';
import type { EventLog, LogRecord } from '../../../src/documents/ports.js';

interface Opened {
  logger: EventLog;
  /** A topic of one test alone. */
  makeTopic: () => Promise<string>;
  /** What the log holds, in the order of each key. */
  read: (topic: string) => Promise<LogRecord[]>;
  close: () => Promise<void>;
}

export function describeEventLogContract(name: string, open: () => Promise<Opened>): void {
  describe(`an event log: ${name}`, () => {
    let logger: EventLog;
    let opened: Opened;
    let topic: string;

    beforeAll(async () => {
      opened = await open();
      logger = opened.logger;
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

    it('holds a record as it was given, once publish has resolved', async () => {
      const { topic: _topic, ...record } = make({
        headers: { ce_id: 'ü:1', traceparent: '00-ab-cd-01' },
        value: '{"filename":"ключ.pdf"}',
      });
      expect(await logger.publish([{ topic, ...record }])).toEqual([]);
      expect(await held()).toEqual([record]);
    });

    it('holds a tombstone as one', async () => {
      const key = randomUUID();
      await logger.publish([make({ key, value: null, headers: {} })]);
      expect(await held()).toEqual([{ key, headers: {}, value: null }]);
    });

    it('holds the records of a key in the order in which they were given, over one publish and over many', async () => {
      const key = randomUUID();
      const values = Array.from({ length: 60 }, (_, index) => String(index));
      await logger.publish(values.slice(0, 20).map((value) => make({ key, value })));
      await Promise.all(values.slice(20).map((value) => logger.publish([make({ key, value })])));
      expect((await held()).map((record) => record.value)).toEqual(values);
    });

    it('takes records of several topics in one publish', async () => {
      const other = await opened.makeTopic();
      await logger.publish([make({ value: 'here' }), make({ topic: other, value: 'there' })]);
      expect((await opened.read(topic)).map((record) => record.value)).toEqual(['here']);
      expect((await opened.read(other)).map((record) => record.value)).toEqual(['there']);
    });

    it('is content with nothing', async () => {
      expect(await logger.publish([])).toEqual([]);
      expect(await held()).toEqual([]);
    });
  });
}
