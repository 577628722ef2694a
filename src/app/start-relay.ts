/**
 * Starts the two publishers of committed events: the outbox goes to the event log, the latest queue
 * to the compacted topic.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createBackgroundTask, type BackgroundTask } from '../runtime/background-task.js';
import type { EventLog, LatestPublisher } from '../documents/ports.js';
import { createRelayLatest } from '../documents/relay-latest.js';
import { createRelayOutbox, RELAY_BATCH } from '../documents/relay-outbox.js';
import { measureRelay } from '../metrics/relay.js';
import type { Database } from '../postgres/database.js';
import { createLatestQueue } from '../postgres/latest-queue.js';
import { createOutbox } from '../postgres/outbox.js';
import type { AppContext } from './app-context.js';

const TICK_MS = 1_000;
/**
 * The shortest and the longest time from one batch to the next: 1 ms for each row of the batch
 * before, since a send costs nearly the same for one row as for many. Under high load a document
 * waits for its worker anyway.
 */
const LINGER_MS = { least: 10, most: 100 };

interface RelayTargets {
  database: Database;
  eventLog: EventLog;
  latestPublisher: LatestPublisher;
  shards: () => readonly number[];
  /** Called before each read of the outbox, because shards may change between batches only. */
  balance?: () => Promise<void>;
}

/** Starts both tasks. Returns the one of the outbox, to be woken after a commit. */
export function startRelay(
  { logger, resources, metrics }: AppContext,
  { database, shards, balance, ...publishers }: RelayTargets,
): BackgroundTask {
  const { eventLog, latestPublisher } = measureRelay(metrics.registry, { ...publishers, shards });
  const relayOutbox = createRelayOutbox({
    outbox: createOutbox({ database, shards }),
    eventLog,
    logger,
  });
  let lastBatchAt = 0;
  let rowsInLastBatch = 0;
  const outbox = createBackgroundTask({
    name: 'relay',
    tickMs: TICK_MS,
    logger,
    run: async () => {
      await balance?.();
      await waitFor(lingerMs(rowsInLastBatch) - (performance.now() - lastBatchAt));
      rowsInLastBatch = await relayOutbox();
      lastBatchAt = performance.now();
      return rowsInLastBatch === RELAY_BATCH;
    },
  });
  const latest = createBackgroundTask({
    name: 'latest',
    tickMs: TICK_MS,
    logger,
    run: createRelayLatest({
      queue: createLatestQueue({ database, shards }),
      latestPublisher,
      shards,
      logger,
    }),
  });
  for (const [name, task] of Object.entries({ relay: outbox, latest })) {
    task.start();
    resources.push(name, () => task.stop());
  }
  return outbox;
}

function lingerMs(rows: number): number {
  return Math.min(Math.max(rows, LINGER_MS.least), LINGER_MS.most);
}

async function waitFor(ms: number): Promise<void> {
  if (ms > 0) await sleep(ms);
}
