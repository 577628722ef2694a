/**
 * The whole product in one process, for a laptop: API, worker and relay, delivering to each other.
 */
import { createBackgroundTask } from '../runtime/background-task.js';
import { createEventLog } from '../in-process/event-log.js';
import { createVacuum } from '../in-process/pglite-vacuum.js';
import { createStartupGate } from '../api/http/startup-gate.js';
import { OUTBOX_SHARDS, TOPICS } from '../messages/topics.js';
import { composeCommitNotifier } from './compose-commit-notifier.js';
import { openApi, type HttpListener } from './open-api.js';
import { describeAdapters, openAdapters, type Adapters, type AppContext } from './open-adapters.js';
import { startRelay } from './start-relay.js';
import { startWorker } from './start-worker.js';

const VACUUM_TICK_MS = 60_000;
const ALL_SHARDS = Array.from({ length: OUTBOX_SHARDS }, (_, shard) => shard);

export async function startSingleProcess(
  context: AppContext,
  port: HttpListener,
): Promise<ReturnType<typeof describeAdapters>> {
  const gate = createStartupGate(port.router);
  const parts = await openAdapters(context);
  // Where the database is in the data folder no worker can be alive; elsewhere leases end by
  // themselves.
  if (!context.config.database) await parts.store.reclaimExpiredLeases({ all: true });
  startVacuum(context, parts);
  const notifyCommitted = startPipeline(context, parts);
  await openApi(context, parts, notifyCommitted, port);
  gate.opened();
  return describeAdapters(context.config, parts);
}

function startPipeline(
  context: AppContext,
  parts: Adapters,
): ReturnType<typeof composeCommitNotifier> {
  const eventLog = createEventLog();
  const notifyCommitted = composeCommitNotifier({
    bus: parts.bus,
    logger: context.logger,
    onOutbox: () => relay.wake(),
    onDeleting: () => worker.wakeCleanups(),
  });
  const relay = startRelay(context, {
    database: parts.database,
    eventLog,
    shards: () => ALL_SHARDS,
    latestPublisher: {
      assign: async () => undefined,
      publish: async (_shard, records) => void (await eventLog.publish(records)),
    },
  });
  const worker = startWorker(context, parts, notifyCommitted);
  eventLog.onRecord(TOPICS.jobs, () => void worker.worker.wake());
  return notifyCommitted;
}

/** A server of its own sees to that by itself. */
function startVacuum({ config, logger, resources }: AppContext, { database }: Adapters): void {
  if (config.database) return;
  const vacuum = createBackgroundTask({
    name: 'vacuum',
    tickMs: VACUUM_TICK_MS,
    logger,
    run: createVacuum(database.query),
  });
  vacuum.start();
  resources.push('vacuum', () => vacuum.stop());
}
