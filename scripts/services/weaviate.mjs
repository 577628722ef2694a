/** Weaviate, built from its Go module, because Debian has no package of it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, isCached } from './cache.mjs';
import { inFolder } from './folders.mjs';
import { respondsOk } from './probe.mjs';
import { find, runPolitely } from './tools.mjs';

const VERSION = '1.35.2';
const CACHED = `weaviate-${VERSION}`;
const PROGRAM = 'weaviate-server';

export const weaviate = {
  name: 'weaviate',
  version: VERSION,
  ports: ['main', 'grpc', 'gossip', 'data', 'raft', 'raftInternal'],
  needs: ({ cache }) => (isCached(cache, CACHED) ? [] : ['go']),
  prepare: ({ cache, signal }) =>
    cached({
      cache,
      name: CACHED,
      doing: `building Weaviate ${VERSION} (some minutes, once)`,
      build: (to) => build(to, signal),
    }),

  initialise: ({ folder }) => mkdir(inFolder.data(folder, 'weaviate'), { recursive: true }),
  command: ({ cache, folder, ports }) => ({
    command: join(cache, CACHED, PROGRAM),
    args: ['--host', '127.0.0.1', '--port', String(ports.main), '--scheme', 'http'],
    env: settings(inFolder.data(folder, 'weaviate'), ports),
    cwd: inFolder.data(folder, 'weaviate'),
  }),
  isReady: ({ ports }) => respondsOk(`http://127.0.0.1:${ports.main}/v1/.well-known/ready`),
  variables: ({ ports }) => ({ WEAVIATE_URL: `http://127.0.0.1:${ports.main}` }),
};

async function build(folder, signal) {
  const env = { ...process.env, GOFLAGS: '', CGO_ENABLED: '0', GOBIN: folder };
  await runPolitely(
    find('go'),
    ['install', `github.com/weaviate/weaviate/cmd/${PROGRAM}@v${VERSION}`],
    { env, signal },
  );
}

function settings(data, ports) {
  return {
    PERSISTENCE_DATA_PATH: data,
    AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: 'true',
    DEFAULT_VECTORIZER_MODULE: 'none',
    API_BASED_MODULES_DISABLED: 'true',
    CLUSTER_HOSTNAME: 'node1',
    CLUSTER_ADVERTISE_ADDR: '127.0.0.1',
    CLUSTER_GOSSIP_BIND_PORT: String(ports.gossip),
    CLUSTER_DATA_BIND_PORT: String(ports.data),
    RAFT_PORT: String(ports.raft),
    RAFT_INTERNAL_RPC_PORT: String(ports.raftInternal),
    RAFT_BOOTSTRAP_EXPECT: '1',
    GRPC_PORT: String(ports.grpc),
    // Its profiler would listen on one fixed port.
    GO_PROFILING_DISABLE: 'true',
    DISABLE_TELEMETRY: 'true',
    // By default it rejects writes when the disk is 90 % full.
    DISK_USE_READONLY_PERCENTAGE: '99',
    LOG_LEVEL: 'warning',
  };
}
