/**
 * From the outbox to the log: the fast lane of everything, and the slow lane of the compacted
 * topic.
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
import type { AppContext } from './open-adapters.js';

const TICK_MS = 1_000;
/**
 * The first batch goes at once; the next one gathers for a millisecond a row of the one before,
 * since a send costs nearly the same for one row as for many. Where many come, a document waits for
 * its worker anyway.
 */
const GATHER_MS = { least: 10, most: 100 };

interface RelayTargets {
  database: Database;
  eventLog: EventLog;
  latestPublisher: LatestPublisher;
  shards: () => readonly number[];
  /** Before each look: shards come and go between batches only. */
  balance?: () => Promise<void>;
}

/** Answers the task to wake after a commit. */
export function startRelay(
  { logger, resources, metrics }: AppContext,
  { database, shards, balance, ...lanes }: RelayTargets,
): BackgroundTask {
  const { eventLog, latestPublisher } = measureRelay(metrics.registry, { ...lanes, shards });
  const relayOutbox = createRelayOutbox({
    outbox: createOutbox({ database, shards }),
    eventLog,
    logger,
  });
  let lastBatchAt = 0;
  let lastRows = 0;
  const outbox = createBackgroundTask({
    name: 'relay',
    tickMs: TICK_MS,
    logger,
    run: async () => {
      await balance?.();
      await pause(gatherMs(lastRows) - (performance.now() - lastBatchAt));
      lastRows = await relayOutbox();
      lastBatchAt = performance.now();
      return lastRows === RELAY_BATCH;
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

function gatherMs(rows: number): number {
  return Math.min(Math.max(rows, GATHER_MS.least), GATHER_MS.most);
}

async function pause(ms: number): Promise<void> {
  if (ms > 0) await sleep(ms);
}
