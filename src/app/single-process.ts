/**
 * The whole product in one process, for a laptop: API, worker and relay, delivering to each other.
 */
import { createBackgroundTask } from '../runtime/background-task.js';
import { createEventLog } from '../in-process/event-log.js';
import { createVacuum } from '../in-process/pglite-vacuum.js';
import { answerUntilOpen } from '../api/http/startup-gate.js';
import { OUTBOX_SHARDS, TOPICS } from '../messages/topics.js';
import { createAnnouncing } from './compose-commit-notifier.js';
import { openApi, type Port } from './open-api.js';
import { describeParts, openParts, type Parts, type Surroundings } from './open-adapters.js';
import { startRelay } from './start-relay.js';
import { startWorker } from './start-worker.js';

const VACUUM_TICK_MS = 60_000;
const ALL_SHARDS = Array.from({ length: OUTBOX_SHARDS }, (_, shard) => shard);

export async function startEverything(
  surroundings: Surroundings,
  port: Port,
): Promise<ReturnType<typeof describeParts>> {
  const gate = answerUntilOpen(port.router);
  const parts = await openParts(surroundings);
  // Where the database is in the data folder no worker can be alive; elsewhere leases end by
  // themselves.
  if (!surroundings.config.database) await parts.store.takeBackLeases({ all: true });
  startVacuum(surroundings, parts);
  const announce = startPipeline(surroundings, parts);
  await openApi(surroundings, parts, announce, port);
  gate.opened();
  return describeParts(surroundings.config, parts);
}

function startPipeline(
  surroundings: Surroundings,
  parts: Parts,
): ReturnType<typeof createAnnouncing> {
  const log = createEventLog();
  const announce = createAnnouncing({
    bus: parts.bus,
    logger: surroundings.logger,
    onOutbox: () => relay.wake(),
    onDeleting: () => worker.wakeCleanups(),
  });
  const relay = startRelay(surroundings, {
    database: parts.database,
    log,
    shards: () => ALL_SHARDS,
    publisher: { publish: async (_shard, records) => void (await log.publish(records)) },
  });
  const worker = startWorker(surroundings, parts, announce);
  log.onRecord(TOPICS.jobs, () => void worker.worker.wake());
  return announce;
}

/** A server of its own sees to that by itself. */
function startVacuum({ config, logger, resources }: Surroundings, { database }: Parts): void {
  if (config.database) return;
  const vacuum = createBackgroundTask({
    name: 'vacuum',
    tickMs: VACUUM_TICK_MS,
    log: logger,
    run: createVacuum(database.query),
  });
  vacuum.start();
  resources.push('vacuum', () => vacuum.stop());
}
