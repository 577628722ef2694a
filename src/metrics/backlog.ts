/**
 * Metrics of the whole installation: every process that shows them shows the same values, whichever
 * process a scraper requests.
 */
import { Gauge, type Registry } from 'prom-client';
import { DOCUMENT_STATUSES } from '../documents/document.js';
import type { Backlog } from '../documents/ports.js';
import type { Metrics } from './metrics.js';

/** Adds the backlog as a source of metrics. */
export function showBacklog({ registry, addSource }: Metrics, read: () => Promise<Backlog>): void {
  const gauges = createGauges(registry);
  // prom-client starts a gauge without labels at 0, which would look like a value that was read.
  function hide(): void {
    for (const gauge of Object.values(gauges)) {
      gauge.reset();
      gauge.remove({});
    }
  }
  hide();
  addSource({
    name: 'database',
    read,
    show: (backlog) => {
      for (const status of DOCUMENT_STATUSES)
        gauges.documents.set({ status }, backlog.documents[status]);
      gauges.oldestWaiting.set(backlog.oldestWaitingSeconds);
      gauges.outboxRows.set(backlog.outbox.rows);
      gauges.outboxAge.set(backlog.outbox.oldestSeconds);
      gauges.latestRows.set(backlog.latestQueueRows);
      gauges.deadLetters.set({ kind: 'DOCUMENT_FAILED' }, backlog.documents.FAILED);
      gauges.deadLetters.set({ kind: 'MESSAGE_UNREADABLE' }, backlog.unreadableMessages);
      gauges.deadLetters.set({ kind: 'EVENT_REFUSED' }, backlog.outbox.parkedRows);
      gauges.cleanups.set(backlog.cleanupOverdueSeconds);
    },
    hide,
  });
}

function createGauges(registry: Registry) {
  function gauge<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Gauge<Label> {
    return new Gauge<Label>({ name, help, labelNames, registers: [registry] });
  }
  return {
    documents: gauge(
      'docstream_documents',
      'Documents by status. Beyond 100,000 documents the number of COMPLETED ones is an estimate.',
      ['status'],
    ),
    oldestWaiting: gauge(
      'docstream_oldest_waiting_seconds',
      'Time for which the document that has been due for longest has been due, in seconds. 0 if no document is due.',
    ),
    outboxRows: gauge(
      'docstream_outbox_rows',
      'Rows of the outbox that the event log has not acknowledged yet, without parked ones.',
    ),
    outboxAge: gauge(
      'docstream_outbox_oldest_seconds',
      'Age of the oldest row of the outbox that is not parked, in seconds. 0 if there is none.',
    ),
    latestRows: gauge(
      'docstream_latest_queue_rows',
      'Documents whose newest state has not been published on the compacted topic yet.',
    ),
    deadLetters: gauge(
      'docstream_dead_letters',
      'Failed documents, unreadable messages and refused events, by kind. None of them is retried automatically.',
      ['kind'],
    ),
    cleanups: gauge(
      'docstream_cleanup_overdue_seconds',
      'Time for which the cleanup that has been due for longest has been due, in seconds. 0 if no cleanup is due.',
    ),
  };
}

/** Adds the lag of a consumer group as a source of metrics. */
export function showLag(
  { registry, addSource }: Metrics,
  { group, topic, read }: { group: string; topic: string; read: () => Promise<number> },
): void {
  const lag = new Gauge({
    name: 'docstream_consumer_lag_messages',
    labelNames: ['group', 'topic'] as const,
    registers: [registry],
    help: 'Messages of a topic whose offset a consumer group has not committed yet, over all partitions.',
  });
  addSource({
    name: 'kafka',
    read,
    show: (value) => lag.set({ group, topic }, value),
    hide: () => lag.reset(),
  });
}
