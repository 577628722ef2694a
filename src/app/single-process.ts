/** The whole product in one process: API, worker and relay, which notify each other directly. */
import { createBackgroundTask } from '../runtime/background-task.js';
import { createEventLog } from '../in-process/event-log.js';
import { createVacuum } from '../in-process/pglite-vacuum.js';
import { createStartupGate } from '../api/http/startup-gate.js';
import { OUTBOX_SHARDS, TOPICS } from '../messages/topics.js';
import type { NotifyCommitted } from '../documents/commit-notifier.js';
import type { AppContext } from './app-context.js';
import { composeCommitNotifier } from './compose-commit-notifier.js';
import { createSignal } from './create-signal.js';
import { describeAdapters, type AdapterRow } from './describe-adapters.js';
import { openAdapters, type Adapters } from './open-adapters.js';
import { openApi } from './open-api.js';
import type { HttpListener } from './open-http-listener.js';
import { startRelay } from './start-relay.js';
import { startWorker } from './start-worker.js';

const VACUUM_TICK_MS = 60_000;
const ALL_SHARDS = Array.from({ length: OUTBOX_SHARDS }, (_, shard) => shard);

export async function startSingleProcess(
  context: AppContext,
  listener: HttpListener,
): Promise<AdapterRow[]> {
  const gate = createStartupGate(listener.router);
  const adapters = await openAdapters(context);
  // With the embedded database no other worker can be alive, so every lease is void. With an
  // external one, leases of other workers expire on their own.
  if (!context.config.database) await adapters.store.reclaimExpiredLeases({ all: true });
  startVacuum(context, adapters);
  const notifyCommitted = startPipeline(context, adapters);
  await openApi({ context, adapters, notifyCommitted, listener });
  gate.opened();
  return describeAdapters(context.config, adapters);
}

/** Starts the relay and the worker. Returns the notifier that wakes them after a commit. */
function startPipeline(context: AppContext, adapters: Adapters): NotifyCommitted {
  const eventLog = createEventLog();
  const relay = startRelay(context, {
    database: adapters.database,
    eventLog,
    shards: () => ALL_SHARDS,
    latestPublisher: {
      assign: () => Promise.resolve(),
      publish: async (_shard, records) => {
        await eventLog.publish(records);
      },
    },
  });
  const wakeCleanups = createSignal();
  const notifyCommitted = composeCommitNotifier({
    bus: adapters.bus,
    logger: context.logger,
    onOutbox: () => relay.wake(),
    onDeleting: wakeCleanups.send,
  });
  const worker = startWorker({ context, adapters, notifyCommitted });
  wakeCleanups.connect(() => worker.wakeCleanups());
  eventLog.onRecord(TOPICS.jobs, () => void worker.worker.wake());
  return notifyCommitted;
}

/** Runs the vacuum of the embedded database; a PostgreSQL server runs its own. */
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
