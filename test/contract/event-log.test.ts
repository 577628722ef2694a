import { randomUUID } from 'node:crypto';
import { built } from '../support/built.js';
import { describeEventLogContract } from '../support/contracts/event-log.js';
import type { LogRecord } from '../../src/documents/ports.js';

type EventLogModule = typeof import('../../src/in-process/event-log.js');

const { createEventLog } = await built<EventLogModule>('in-process/event-log.js');

describeEventLogContract('in process', async () => {
  const eventLog = createEventLog();
  const held = new Map<string, LogRecord[]>();
  return {
    eventLog,
    makeTopic: async () => {
      const topic = randomUUID();
      held.set(topic, []);
      eventLog.onRecord(topic, (record) => void held.get(topic)?.push(record));
      return topic;
    },
    read: async (topic) => held.get(topic) ?? [],
    close: async () => undefined,
  };
});
