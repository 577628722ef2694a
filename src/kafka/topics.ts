// Node finds only some of this package's names on its own.
import kafkajs, { type Admin } from 'kafkajs';
import { SetupError } from '../errors.js';
import { DEFAULT_PARTITIONS, TOPIC_CONFIGS } from '../messages/topics.js';
import type { KafkaAdmin } from './admin.js';
import { untilKnown } from './until-known.js';

type TopicConfigs = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface EnsureTopicsOptions {
  /** Of topics that do not exist yet. */
  partitions?: number;
  /** -1: the broker's default. */
  replicationFactor?: number;
  /** By name, with the settings that matter; the contract's by default. */
  topics?: TopicConfigs;
}

/**
 * Topics that exist and are not as the contract says. Nothing is altered: whoever runs the cluster
 * decides.
 */
export class TopicsDifferError extends SetupError {
  readonly differences: readonly string[];

  constructor(differences: readonly string[]) {
    super(`Kafka's topics are not as they must be: ${differences.join('; ')}.`);
    this.differences = differences;
  }
}

/**
 * Creates the topics that are missing, and throws TopicsDifferError when others are not as they
 * must be. Safe to call at once in many processes.
 */
export async function ensureTopics(
  admin: KafkaAdmin,
  options: EnsureTopicsOptions = {},
): Promise<void> {
  const { partitions = DEFAULT_PARTITIONS, replicationFactor = -1 } = options;
  const topics: TopicConfigs = options.topics ?? TOPIC_CONFIGS;
  const names = Object.keys(topics);
  await admin.ask('creating topics', async (open) => {
    const existing = new Set(await open.listTopics());
    for (const name of names.filter((topic) => !existing.has(topic))) {
      await create(open, {
        topic: name,
        numPartitions: partitions,
        replicationFactor,
        configs: topics[name] ?? {},
      });
    }
  });
  const differences = await admin.ask('reading the topics', (open) =>
    untilKnown(() => findDifferences(open, topics, partitions)),
  );
  if (differences.length > 0) throw new TopicsDifferError(differences);
}

interface NewTopic {
  topic: string;
  numPartitions: number;
  replicationFactor: number;
  configs: Readonly<Record<string, string>>;
}

/** False from kafkajs means that another process was faster: what it made is compared as well. */
async function create(open: Admin, { configs, ...topic }: NewTopic): Promise<void> {
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
  await open.createTopics({ topics: [{ ...topic, configEntries }], waitForLeaders: false });
}

async function findDifferences(
  open: Admin,
  topics: TopicConfigs,
  partitions: number,
): Promise<string[]> {
  const names = Object.keys(topics);
  const metadata = await open.fetchTopicMetadata({ topics: names });
  const described = await open.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(topics[name] ?? {}),
    })),
  });
  const wrongNumbers = metadata.topics
    .filter((topic) => topic.partitions.length !== partitions)
    .map(
      ({ name, partitions: found }) =>
        `${name} has ${found.length} partitions, not ${partitions} (their number never changes)`,
    );
  const wrongConfigs = described.resources.flatMap(({ resourceName, configEntries }) =>
    configEntries.flatMap(({ configName, configValue }) =>
      describe(resourceName, configName, configValue, topics[resourceName] ?? {}),
    ),
  );
  return [...wrongNumbers, ...wrongConfigs];
}

function describe(
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
