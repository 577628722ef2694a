/**
 * One role a process: they meet in PostgreSQL, Kafka, Redis, the vector store and the blob store,
 * and know nothing of each other.
 */
import type { NotifyCommitted } from '../documents/commit-notifier.js';
import { createKafkaAdmin, type KafkaAdmin } from '../kafka/admin.js';
import { createKafka, type Kafka } from '../kafka/client.js';
import { createKafkaEventLog } from '../kafka/event-log.js';
import { checkKafka } from '../kafka/health.js';
import { createJobConsumer } from '../kafka/job-consumer.js';
import { readLag } from '../kafka/lag.js';
import { createLatestPublisher } from '../kafka/latest-publisher.js';
import { ensureTopics } from '../kafka/topics.js';
import { GROUPS, TOPICS } from '../messages/topics.js';
import { createStartupGate } from '../api/http/startup-gate.js';
import { showBacklog, showLag } from '../metrics/backlog.js';
import { readBacklog } from '../postgres/backlog.js';
import { createDeadLetterStore } from '../postgres/dead-letters.js';
import { createOutboxNotifier } from '../postgres/notify.js';
import { startShardOwner } from '../postgres/shard-owner.js';
import { composeCommitNotifier } from './compose-commit-notifier.js';
import { openApi, type HttpListener } from './open-api.js';
import {
  describeAdapters,
  openDatabasePart,
  openAdapters,
  type Adapters,
  type AppContext,
} from './open-adapters.js';
import { startRelay } from './start-relay.js';
import { startWorker } from './start-worker.js';

type Rows = ReturnType<typeof describeAdapters>;

export async function startApi(context: AppContext, port: HttpListener): Promise<Rows> {
  const gate = createStartupGate(port.router);
  const parts = await openAdapters(context, { marksBlobs: true });
  await openApi(context, parts, createClusterAnnounce(context, parts), port);
  gate.opened();
  return describeAdapters(context.config, parts);
}

export async function startClusterWorker(context: AppContext): Promise<Rows> {
  return startWorkerOn(context, await openAdapters(context));
}

/**
 * With parts that were opened elsewhere: the benchmarks have an embedder and a store that answer at
 * once.
 */
export async function startWorkerOn(context: AppContext, parts: Adapters): Promise<Rows> {
  const { config, logger, resources, onFatal } = context;
  const { kafka } = await openKafka(context);
  const letters = createDeadLetterStore({ database: parts.database });
  const consumer = createJobConsumer({
    kafka,
    groupId: GROUPS.vectorize,
    topic: TOPICS.jobs,
    logger,
    onWakeUp: () => worker.wake(),
    onUnreadable: (letter) => letters.add(letter),
    onCrash: onFatal,
  });
  const room = {
    onCapacityExhausted: () => consumer.pause(),
    onCapacityAvailable: () => consumer.resume(),
  };
  const { worker, stop } = startWorker(context, parts, createClusterAnnounce(context, parts), room);
  // Together: a worker that takes no more work settles its permits at once, and the group has its
  // partitions while it drains.
  resources.push('job consumer', async () => void (await Promise.all([stop(), consumer.stop()])));
  await context.readiness.open('kafka consumer', () => consumer.start());
  context.readiness.add({ name: 'kafka consumer', check: () => consumer.check() });
  return describeAdapters(config, parts);
}

export async function startClusterRelay(context: AppContext): Promise<Rows> {
  const { config, logger, resources, metrics } = context;
  const database = await openDatabasePart(context);
  showBacklog(metrics, () => readBacklog(database));
  const { kafka, admin } = await openKafka(context);
  const [group, topic] = [GROUPS.vectorize, TOPICS.jobs];
  showLag(metrics, { group, topic, read: () => readLag(admin, { groupId: group, topic }) });
  const eventLog = createKafkaEventLog({ kafka, logger });
  resources.push('event log', () => eventLog.stop());
  const publisher = createLatestPublisher({ kafka, logger });
  resources.push('latest lane', () => publisher.stop());
  const owner = startShardOwner({
    url: config.database?.url ?? '',
    logger,
    wake: () => relay.wake(),
  });
  resources.push('shard owner', () => owner.stop());
  const relay = startRelay(context, {
    database,
    eventLog,
    latestPublisher: publisher,
    shards: owner.owned,
    balance: owner.balance,
  });
  return describeAdapters(config, null);
}

async function openKafka({
  config,
  logger,
  resources,
  readiness,
}: AppContext): Promise<{ kafka: Kafka; admin: KafkaAdmin }> {
  const { brokers = [], partitions = 0, credentials = null } = config.kafka ?? {};
  const kafka = createKafka({
    brokers,
    logger,
    ...(credentials && { sasl: { mechanism: 'scram-sha-512', ...credentials }, ssl: true }),
  });
  const admin = createKafkaAdmin({ kafka, logger });
  resources.push('kafka admin', () => admin.stop());
  await readiness.open('kafka', () => ensureTopics(admin, { partitions }));
  readiness.add({ name: 'kafka', check: () => checkKafka(admin) });
  return { kafka, admin };
}

function createClusterAnnounce(
  { logger, resources }: AppContext,
  { bus, database }: Pick<Adapters, 'bus' | 'database'>,
): NotifyCommitted {
  const notifier = createOutboxNotifier({ database });
  resources.push('outbox notifier', () => notifier.stop());
  return composeCommitNotifier({ bus, logger, onOutbox: () => notifier.notify() });
}
