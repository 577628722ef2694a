/**
 * What is true of the whole installation, whichever process is asked: every process that shows it
 * shows the same.
 */
import { Gauge } from 'prom-client';
import { DOCUMENT_STATUSES } from '../documents/document.js';
import type { Backlog } from '../documents/ports.js';
import type { Metrics } from './metrics.js';

export function showBacklog({ registry, addSource }: Metrics, read: () => Promise<Backlog>): void {
  const registers = [registry];
  const gauge = <Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ) => new Gauge<Label>({ name, help, labelNames, registers });
  const gauges = {
    documents: gauge(
      'docstream_documents',
      'Documents in a status; of very many COMPLETED an estimate.',
      ['status'],
    ),
    oldestWaiting: gauge(
      'docstream_oldest_waiting_seconds',
      'How long the longest waiting due document has been due; 0: none is.',
    ),
    outboxRows: gauge('docstream_outbox_rows', 'Rows that are not yet in the event log.'),
    outboxAge: gauge(
      'docstream_outbox_oldest_seconds',
      'Age of the oldest of these; 0: there is none.',
    ),
    latestRows: gauge(
      'docstream_latest_queue_rows',
      'Documents whose newest state is not yet in the compacted topic.',
    ),
    deadLetters: gauge('docstream_dead_letters', 'What nobody tries again by itself, by kind.', [
      'kind',
    ]),
    cleanups: gauge(
      'docstream_cleanup_overdue_seconds',
      'How long the longest waiting due cleanup has been due; 0: none is.',
    ),
  };
  // Without labels a gauge is 0 from the start, which would be taken for an answer.
  const hide = () => {
    for (const one of Object.values(gauges)) {
      one.reset();
      one.remove({});
    }
  };
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

/** Messages of a topic that a consumer group has not settled yet. */
export function showLag(
  { registry, addSource }: Metrics,
  { group, topic, read }: { group: string; topic: string; read: () => Promise<number> },
): void {
  const lag = new Gauge({
    name: 'docstream_consumer_lag_messages',
    labelNames: ['group', 'topic'] as const,
    registers: [registry],
    help: 'Messages of a topic that a consumer group has not settled yet, over all partitions.',
  });
  addSource({
    name: 'kafka',
    read,
    show: (value) => lag.set({ group, topic }, value),
    hide: () => lag.reset(),
  });
}
