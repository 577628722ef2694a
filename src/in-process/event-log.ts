import { EventEmitter } from 'node:events';
import type { EventLog, LogRecord } from '../documents/ports.js';

export interface EmbeddedEventLog extends EventLog {
  /** In-process delivery: the record is handed to the listeners of its topic, and kept nowhere. */
  onRecord(topic: string, listener: (record: LogRecord) => void): void;
}

export function createEventLog(): EmbeddedEventLog {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    publish: (records) => {
      for (const record of records) emitter.emit(record.topic, record);
      return Promise.resolve([]);
    },
    onRecord: (topic, listener) => void emitter.on(topic, listener),
  };
}
