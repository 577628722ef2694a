// Node finds only some of this package's names on its own.
import kafkajs, { type Admin } from 'kafkajs';
import { SetupError } from '../errors.js';
import { DEFAULT_PARTITIONS, TOPIC_CONFIGS } from '../messages/topics.js';
import type { KafkaAdmin } from './admin.js';
import { retryUntilKnown } from './retry-until-known.js';

type TopicConfigs = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface EnsureTopicsOptions {
  /** Partitions of a topic that is created. */
  partitions?: number;
  /** -1: the broker's default. */
  replicationFactor?: number;
  /** Topics by name, with the settings that matter. Default: those of the contract. */
  topics?: TopicConfigs;
}

/** Some topics exist and differ from the contract. None is altered: their operator decides. */
export class TopicsDifferError extends SetupError {
  readonly differences: readonly string[];

  constructor(differences: readonly string[]) {
    super(`Kafka's topics differ from the contract; correct them: ${differences.join('; ')}.`);
    this.differences = differences;
  }
}

/**
 * Creates the missing topics. Throws TopicsDifferError if others differ from the contract. Many
 * processes may call it at the same time.
 */
export async function ensureTopics(
  admin: KafkaAdmin,
  options: EnsureTopicsOptions = {},
): Promise<void> {
  const { partitions = DEFAULT_PARTITIONS, replicationFactor = -1 } = options;
  const topics: TopicConfigs = options.topics ?? TOPIC_CONFIGS;
  const names = Object.keys(topics);
  await admin.request('creating topics', async (client) => {
    const existing = new Set(await client.listTopics());
    for (const name of names.filter((topic) => !existing.has(topic))) {
      await createTopic(client, {
        topic: name,
        numPartitions: partitions,
        replicationFactor,
        configs: topics[name] ?? {},
      });
    }
  });
  const differences = await admin.request('reading the topics', (client) =>
    retryUntilKnown(() => findDifferences(client, topics, partitions)),
  );
  if (differences.length > 0) throw new TopicsDifferError(differences);
}

interface NewTopic {
  topic: string;
  numPartitions: number;
  replicationFactor: number;
  configs: Readonly<Record<string, string>>;
}

/** kafkajs returns false if another process was faster; that topic is compared as well. */
async function createTopic(client: Admin, { configs, ...topic }: NewTopic): Promise<void> {
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
  await client.createTopics({ topics: [{ ...topic, configEntries }], waitForLeaders: false });
}

async function findDifferences(
  client: Admin,
  topics: TopicConfigs,
  partitions: number,
): Promise<string[]> {
  const names = Object.keys(topics);
  const metadata = await client.fetchTopicMetadata({ topics: names });
  const described = await client.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(topics[name] ?? {}),
    })),
  });
  const wrongPartitions = metadata.topics
    .filter((topic) => topic.partitions.length !== partitions)
    .map(
      ({ name, partitions: found }) =>
        `${name} has ${found.length} partitions, not ${partitions} (the number cannot be changed)`,
    );
  const wrongConfigs = described.resources.flatMap(({ resourceName, configEntries }) =>
    configEntries.flatMap(({ configName, configValue }) =>
      describeDifference(resourceName, configName, configValue, topics[resourceName] ?? {}),
    ),
  );
  return [...wrongPartitions, ...wrongConfigs];
}

function describeDifference(
  topic: string,
  name: string,
  found: string,
  wanted: Readonly<Record<string, string>>,
): string[] {
  const value = wanted[name];
  return value === undefined || value === found
    ? []
    : [`${topic} has ${name}=${found}, not ${value}`];
}
