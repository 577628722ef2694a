import { EventEmitter } from 'node:events';
import type { EventLog, LogRecord } from '../documents/ports.js';

export interface InProcessEventLog extends EventLog {
  /** Calls `listener` with every record of the topic. Nothing is stored. */
  onRecord(topic: string, listener: (record: LogRecord) => void): void;
}

export function createEventLog(): InProcessEventLog {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    publish: (records) => {
      for (const record of records) emitter.emit(record.topic, record);
      return Promise.resolve([]);
    },
    onRecord: (topic, listener) => void emitter.on(topic, listener),
  };
}
