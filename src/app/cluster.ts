/**
 * The processes of a cluster, one role each. They never call each other; they communicate only
 * through PostgreSQL, Kafka, Redis, the vector store and the blob store.
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
import type { AppContext } from './app-context.js';
import { composeCommitNotifier } from './compose-commit-notifier.js';
import { createSignal } from './create-signal.js';
import { describeAdapters, type AdapterRow } from './describe-adapters.js';
import { openAdapters, openDatabaseAdapter, type Adapters } from './open-adapters.js';
import { openApi } from './open-api.js';
import type { HttpListener } from './open-http-listener.js';
import { startRelay } from './start-relay.js';
import { startWorker } from './start-worker.js';

export async function startApi(context: AppContext, listener: HttpListener): Promise<AdapterRow[]> {
  const gate = createStartupGate(listener.router);
  const adapters = await openAdapters(context, { marksBlobs: true });
  const notifyCommitted = createClusterNotifier(context, adapters);
  await openApi({ context, adapters, notifyCommitted, listener });
  gate.opened();
  return describeAdapters(context.config, adapters);
}

export async function startClusterWorker(context: AppContext): Promise<AdapterRow[]> {
  return startWorkerOn(context, await openAdapters(context));
}

/**
 * Starts a worker on adapters that the caller opened: the benchmarks use an embedder and a vector
 * store that respond at once.
 */
export async function startWorkerOn(
  context: AppContext,
  adapters: Adapters,
): Promise<AdapterRow[]> {
  const { logger, resources, readiness, onFatal } = context;
  const { kafka } = await openKafka(context);
  const deadLetters = createDeadLetterStore({ database: adapters.database });
  const wakeWorker = createSignal<Promise<void>>();
  const consumer = createJobConsumer({
    kafka,
    groupId: GROUPS.vectorize,
    topic: TOPICS.jobs,
    logger,
    onWakeUp: wakeWorker.send,
    onUnreadable: (deadLetter) => deadLetters.add(deadLetter),
    onCrash: onFatal,
  });
  const { worker, stop } = startWorker({
    context,
    adapters,
    notifyCommitted: createClusterNotifier(context, adapters),
    capacity: {
      onCapacityExhausted: () => consumer.pause(),
      onCapacityAvailable: () => consumer.resume(),
    },
  });
  wakeWorker.connect(() => worker.wake());
  // Both stop at the same time. A worker that takes no more work settles its wake-up messages at
  // once, and the consumer keeps its partitions while the worker drains.
  resources.push('job consumer', async () => {
    await Promise.all([stop(), consumer.stop()]);
  });
  await readiness.open('kafka consumer', () => consumer.start());
  readiness.add({ name: 'kafka consumer', check: () => consumer.check() });
  return describeAdapters(context.config, adapters);
}

export async function startClusterRelay(context: AppContext): Promise<AdapterRow[]> {
  const { config, logger, resources, metrics } = context;
  const database = await openDatabaseAdapter(context);
  showBacklog(metrics, () => readBacklog(database));
  const { kafka, admin } = await openKafka(context);
  const group = GROUPS.vectorize;
  const topic = TOPICS.jobs;
  showLag(metrics, { group, topic, read: () => readLag(admin, { groupId: group, topic }) });
  const eventLog = createKafkaEventLog({ kafka, logger });
  resources.push('event log', () => eventLog.stop());
  const latestPublisher = createLatestPublisher({ kafka, logger });
  resources.push('latest publisher', () => latestPublisher.stop());
  const wakeRelay = createSignal();
  const owner = startShardOwner({
    url: config.database?.url ?? '',
    logger,
    wake: wakeRelay.send,
  });
  resources.push('shard owner', () => owner.stop());
  const relay = startRelay(context, {
    database,
    eventLog,
    latestPublisher,
    shards: owner.owned,
    balance: owner.balance,
  });
  wakeRelay.connect(() => relay.wake());
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

function createClusterNotifier(
  { logger, resources }: AppContext,
  { bus, database }: Pick<Adapters, 'bus' | 'database'>,
): NotifyCommitted {
  const notifier = createOutboxNotifier({ database });
  resources.push('outbox notifier', () => notifier.stop());
  return composeCommitNotifier({ bus, logger, onOutbox: () => notifier.notify() });
}
