/** Apache Kafka: one node, broker and controller in one (KRaft), from its Maven artifacts. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cached, isCached } from './cache.mjs';
import { countBrokers } from './kafka-probe.mjs';
import { inFolder } from './folders.mjs';
import { find, runPolitely, runTool } from './tools.mjs';

const VERSION = '4.3.1';
const CACHED = `kafka-${VERSION}`;
/** The kafka artifact, and what it does not depend on itself: its tools and a log writer. */
const ARTIFACTS = [
  ['org.apache.kafka', 'kafka_2.13', VERSION],
  ['org.apache.kafka', 'kafka-tools', VERSION],
  ['org.slf4j', 'slf4j-simple', '1.7.36'],
];
const JVM = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
];

export const kafka = {
  name: 'kafka',
  version: VERSION,
  ports: ['main', 'controller'],
  needs: ({ cache }) => (isCached(cache, CACHED) ? ['java'] : ['java', 'maven']),
  prepare: ({ cache, signal }) =>
    cached({
      cache,
      name: CACHED,
      doing: `fetching Kafka ${VERSION} with Maven`,
      build: (to) => fetchJars(to, signal),
    }),

  async initialise({ cache, folder, ports, signal }) {
    await mkdir(inFolder.data(folder, 'kafka'), { recursive: true });
    await writeFile(configFile(folder), toProperties(properties(folder, ports)));
    if (existsSync(join(logFolder(folder), 'meta.properties'))) return;
    await runTool(
      find('java'),
      [
        ...classPath(cache),
        'kafka.tools.StorageTool',
        'format',
        '-t',
        clusterId(),
        '-c',
        configFile(folder),
      ],
      {
        signal,
      },
    );
  },
  command: ({ cache, folder }) => ({
    command: find('java'),
    args: [...JVM, ...classPath(cache), 'kafka.Kafka', configFile(folder)],
    cwd: inFolder.data(folder, 'kafka'),
  }),
  isReady: async ({ ports }) => (await countBrokers(ports.main)) > 0,
  // With Kafka the product consists of many processes, which must see the same files.
  variables: ({ folder, ports }) => ({
    KAFKA_BROKERS: `127.0.0.1:${ports.main}`,
    BLOB_URL: pathToFileURL(join(resolve(folder), 'blobs')).href,
  }),
};

async function fetchJars(folder, signal) {
  await writeFile(join(folder, 'pom.xml'), pom());
  await runPolitely(
    find('mvn'),
    [
      '-q',
      '-B',
      '-f',
      join(folder, 'pom.xml'),
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      `-DoutputDirectory=${join(folder, 'lib')}`,
    ],
    { signal },
  );
}

function pom() {
  const dependencies = ARTIFACTS.map(
    ([group, artifact, version]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>docstream</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`;
}

function properties(folder, ports) {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${ports.main},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${ports.main}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': logFolder(folder),
    // The cluster admits a killed broker again after this time; the default is 9 s.
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
    // The product creates its topics; a client that asks for a missing topic must not create it
    // with other settings.
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // By default each new group waits 3 s for more members.
    'group.initial.rebalance.delay.ms': 0,
  };
}

function toProperties(values) {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Returns a UUID in URL-safe base64, as Kafka writes it, that does not start like an option. */
function clusterId() {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? clusterId() : id;
}

function classPath(cache) {
  return ['-cp', join(cache, CACHED, 'lib', '*')];
}

function configFile(folder) {
  return join(inFolder.data(folder, 'kafka'), 'server.properties');
}

function logFolder(folder) {
  return join(inFolder.data(folder, 'kafka'), 'topics');
}
