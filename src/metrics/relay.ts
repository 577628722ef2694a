import { Counter, Gauge, type Registry } from 'prom-client';
import type { EventLog, LatestPublisher, LogRecord } from '../documents/ports.js';
import { createTimed } from './timed.js';

interface RelayTargets {
  eventLog: EventLog;
  latestPublisher: LatestPublisher;
  shards: () => readonly number[];
}

/** The same lanes; what goes through them is counted. */
export function measureRelay(
  registry: Registry,
  { eventLog, latestPublisher, shards }: RelayTargets,
): Pick<RelayTargets, 'eventLog' | 'latestPublisher'> {
  const { records, refused } = createMeters(registry, shards);
  const timed = createTimed(registry, {
    name: 'docstream_relay_send_duration_seconds',
    labelNames: ['lane'] as const,
    help: 'How long the event log took to acknowledge a batch.',
  });
  const count = (sent: readonly LogRecord[]) => {
    for (const [topic, some] of Map.groupBy(sent, (record) => record.topic))
      records.inc({ topic }, some.length);
  };
  return {
    eventLog: {
      publish: async (wanted) => {
        const left = await timed({ lane: 'all' }, () => eventLog.publish(wanted));
        const indexes = new Set(left.map(({ index }) => index));
        count(wanted.filter((_, index) => !indexes.has(index)));
        refused.inc(indexes.size);
        return left;
      },
    },
    latestPublisher: {
      assign: (owned) => latestPublisher.assign(owned),
      publish: async (shard, wanted) => {
        await timed({ lane: 'latest' }, () => latestPublisher.publish(shard, wanted));
        count(wanted);
      },
    },
  };
}

function createMeters(registry: Registry, shards: RelayTargets['shards']) {
  const registers = [registry];
  new Gauge({
    name: 'docstream_relay_shards',
    help: 'Shards of the outbox that are this process’ own.',
    registers,
    collect() {
      this.set(shards().length);
    },
  });
  return {
    records: new Counter({
      name: 'docstream_relay_records_total',
      labelNames: ['topic'] as const,
      registers,
      help: 'Records that the event log acknowledged, by topic.',
    }),
    refused: new Counter({
      name: 'docstream_relay_refused_records_total',
      registers,
      help: 'Records that the event log refused for good and that were set aside.',
    }),
  };
}
