import { Counter, Gauge, type Registry } from 'prom-client';
import type { EventLog, LatestPublisher, LogRecord } from '../documents/ports.js';
import { createTimed } from './timed.js';

interface RelayTargets {
  eventLog: EventLog;
  latestPublisher: LatestPublisher;
  shards: () => readonly number[];
}

/** Wraps the targets of the relay to count the records that they acknowledge. */
export function measureRelay(
  registry: Registry,
  { eventLog, latestPublisher, shards }: RelayTargets,
): Pick<RelayTargets, 'eventLog' | 'latestPublisher'> {
  const { acknowledgedRecords, refusedRecords } = createMeters(registry, shards);
  const timed = createTimed(registry, {
    name: 'docstream_relay_send_duration_seconds',
    labelNames: ['lane'] as const,
    help: 'Time until the event log acknowledged or failed a batch, in seconds.',
  });
  function count(records: readonly LogRecord[]): void {
    for (const [topic, { length }] of Map.groupBy(records, (record) => record.topic))
      acknowledgedRecords.inc({ topic }, length);
  }
  return {
    eventLog: {
      publish: async (records) => {
        const refused = await timed({ lane: 'all' }, () => eventLog.publish(records));
        const refusedIndexes = new Set(refused.map(({ index }) => index));
        count(records.filter((_, index) => !refusedIndexes.has(index)));
        refusedRecords.inc(refusedIndexes.size);
        return refused;
      },
    },
    latestPublisher: {
      assign: (owned) => latestPublisher.assign(owned),
      publish: async (shard, records) => {
        await timed({ lane: 'latest' }, () => latestPublisher.publish(shard, records));
        count(records);
      },
    },
  };
}

function createMeters(registry: Registry, shards: RelayTargets['shards']) {
  const registers = [registry];
  const ownedShards: Gauge = new Gauge({
    name: 'docstream_relay_shards',
    help: 'Shards of the outbox that this process owns.',
    registers,
    collect: () => ownedShards.set(shards().length),
  });
  return {
    acknowledgedRecords: new Counter({
      name: 'docstream_relay_records_total',
      labelNames: ['topic'] as const,
      registers,
      help: 'Records that the event log acknowledged, by topic.',
    }),
    refusedRecords: new Counter({
      name: 'docstream_relay_refused_records_total',
      registers,
      help: 'Records that the event log refused for good. Their outbox rows are parked.',
    }),
  };
}
