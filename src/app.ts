/**
 * The composition root: opens every part, puts the use cases on top and the doors in front, and
 * pushes whatever it opens on the stack that closes it. Nothing else in the product knows which
 * adapter stands behind a port.
 *
 * Without Kafka one process is everything. With Kafka each process has one role, and there are as
 * many of each as wanted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startApi, startClusterRelay, startClusterWorker } from './app/cluster.js';
import { openPort, type Port } from './app/open-api.js';
import type { Surroundings } from './app/open-adapters.js';
import { startEverything } from './app/single-process.js';
import { isOwnerStopping } from './in-process/data-dir-lock.js';
import { SetupError } from './errors.js';

export type Role = 'api' | 'worker' | 'relay';

export interface App {
  port: number;
  /** What stands behind each port, for the table at start. */
  parts: { part: string; adapter: string; address: string }[];
}

type Start = (surroundings: Surroundings, port: Port) => Promise<App['parts']>;

const CLUSTER: Record<Role, Start> = {
  api: startApi,
  worker: startClusterWorker,
  relay: startClusterRelay,
};

export async function startApp(surroundings: Surroundings, role: Role): Promise<App> {
  const { config, readiness } = surroundings;
  if (role !== 'api' && !config.kafka) {
    throw new SetupError(
      `KAFKA_BROKERS is not set: without Kafka one process does everything, and a ${role} of its own has nothing to do.`,
    );
  }
  const port = await openPortInTurn(surroundings);
  const parts = await (config.kafka ? CLUSTER[role] : startEverything)(surroundings, port);
  readiness.started();
  return { port: port.port, parts };
}

const TRY_PORT_EVERY_MS = 100;

/** The former owner of the data folder, which is stopping, may still have the port. */
async function openPortInTurn(surroundings: Surroundings): Promise<Port> {
  for (;;) {
    try {
      return await openPort(surroundings);
    } catch (error) {
      const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (
        !isInUse ||
        surroundings.config.database ||
        !(await isOwnerStopping(surroundings.config.dataDir))
      )
        throw error;
    }
    await sleep(TRY_PORT_EVERY_MS);
  }
}
