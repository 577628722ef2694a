/**
 * One role a process: they meet in PostgreSQL, Kafka, Redis, the vector store and the blob store,
 * and know nothing of each other.
 */
import type { Announce } from '../documents/commit-notifier.js';
import { createKafkaAdmin, type KafkaAdmin } from '../kafka/admin.js';
import { createKafka, type Kafka } from '../kafka/client.js';
import { createKafkaEventLog } from '../kafka/event-log.js';
import { checkKafka } from '../kafka/health.js';
import { createJobConsumer } from '../kafka/job-consumer.js';
import { readLag } from '../kafka/lag.js';
import { createLatestPublisher } from '../kafka/latest-publisher.js';
import { ensureTopics } from '../kafka/topics.js';
import { GROUPS, TOPICS } from '../messages/topics.js';
import { answerUntilOpen } from '../api/http/startup-gate.js';
import { showBacklog, showLag } from '../metrics/backlog.js';
import { readBacklog } from '../postgres/backlog.js';
import { createDeadLetterStore } from '../postgres/dead-letters.js';
import { createOutboxNotifier } from '../postgres/notify.js';
import { startShardOwner } from '../postgres/shard-owner.js';
import { createAnnouncing } from './compose-commit-notifier.js';
import { openApi, type Port } from './open-api.js';
import {
  describeParts,
  openDatabasePart,
  openParts,
  type Parts,
  type Surroundings,
} from './open-adapters.js';
import { startRelay } from './start-relay.js';
import { startWorker } from './start-worker.js';

type Rows = ReturnType<typeof describeParts>;

export async function startApi(surroundings: Surroundings, port: Port): Promise<Rows> {
  const gate = answerUntilOpen(port.router);
  const parts = await openParts(surroundings, { marksBlobs: true });
  await openApi(surroundings, parts, createClusterAnnounce(surroundings, parts), port);
  gate.opened();
  return describeParts(surroundings.config, parts);
}

export async function startClusterWorker(surroundings: Surroundings): Promise<Rows> {
  return startWorkerOn(surroundings, await openParts(surroundings));
}

/**
 * With parts that were opened elsewhere: the benchmarks have an embedder and a store that answer at
 * once.
 */
export async function startWorkerOn(surroundings: Surroundings, parts: Parts): Promise<Rows> {
  const { config, logger, resources, onFatal } = surroundings;
  const { kafka } = await openKafka(surroundings);
  const letters = createDeadLetterStore({ database: parts.database });
  const consumer = createJobConsumer({
    kafka,
    groupId: GROUPS.vectorize,
    topic: TOPICS.jobs,
    log: logger,
    onPermit: () => worker.wake(),
    onUnreadable: (letter) => letters.add(letter),
    onCrash: onFatal,
  });
  const room = { onFull: () => consumer.pause(), onRoom: () => consumer.resume() };
  const { worker, stop } = startWorker(
    surroundings,
    parts,
    createClusterAnnounce(surroundings, parts),
    room,
  );
  // Together: a worker that takes no more work settles its permits at once, and the group has its
  // partitions while it drains.
  resources.push('job consumer', async () => void (await Promise.all([stop(), consumer.stop()])));
  await surroundings.readiness.open('kafka consumer', () => consumer.start());
  surroundings.readiness.add({ name: 'kafka consumer', check: () => consumer.check() });
  return describeParts(config, parts);
}

export async function startClusterRelay(surroundings: Surroundings): Promise<Rows> {
  const { config, logger, resources, metrics } = surroundings;
  const database = await openDatabasePart(surroundings);
  showBacklog(metrics, () => readBacklog(database));
  const { kafka, admin } = await openKafka(surroundings);
  const [group, topic] = [GROUPS.vectorize, TOPICS.jobs];
  showLag(metrics, { group, topic, read: () => readLag(admin, { groupId: group, topic }) });
  const log = createKafkaEventLog({ kafka, log: logger });
  resources.push('event log', () => log.stop());
  const publisher = createLatestPublisher({ kafka, log: logger });
  resources.push('latest lane', () => publisher.stop());
  const owner = startShardOwner({
    url: config.database?.url ?? '',
    log: logger,
    wake: () => relay.wake(),
  });
  resources.push('shard owner', () => owner.stop());
  const relay = startRelay(surroundings, {
    database,
    log,
    publisher,
    shards: owner.owned,
    balance: owner.balance,
  });
  return describeParts(config, null);
}

async function openKafka({
  config,
  logger,
  resources,
  readiness,
}: Surroundings): Promise<{ kafka: Kafka; admin: KafkaAdmin }> {
  const { brokers = [], partitions = 0, credentials = null } = config.kafka ?? {};
  const kafka = createKafka({
    brokers,
    log: logger,
    ...(credentials && { sasl: { mechanism: 'scram-sha-512', ...credentials }, ssl: true }),
  });
  const admin = createKafkaAdmin({ kafka, log: logger });
  resources.push('kafka admin', () => admin.stop());
  await readiness.open('kafka', () => ensureTopics(admin, { partitions }));
  readiness.add({ name: 'kafka', check: () => checkKafka(admin) });
  return { kafka, admin };
}

function createClusterAnnounce(
  { logger, resources }: Surroundings,
  { bus, database }: Pick<Parts, 'bus' | 'database'>,
): Announce {
  const notifier = createOutboxNotifier({ database });
  resources.push('outbox notifier', () => notifier.stop());
  return createAnnouncing({ bus, logger, onOutbox: () => notifier.notify() });
}
