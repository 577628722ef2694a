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
import { openHttpListener, type HttpListener } from './app/open-api.js';
import type { AppContext } from './app/open-adapters.js';
import { startSingleProcess } from './app/single-process.js';
import { isOwnerStopping } from './in-process/data-dir-lock.js';
import { SetupError } from './errors.js';

export type Role = 'api' | 'worker' | 'relay';

export interface App {
  port: number;
  /** What stands behind each port, for the table at start. */
  parts: { part: string; adapter: string; address: string }[];
}

type Start = (context: AppContext, port: HttpListener) => Promise<App['parts']>;

const CLUSTER: Record<Role, Start> = {
  api: startApi,
  worker: startClusterWorker,
  relay: startClusterRelay,
};

export async function startApp(context: AppContext, role: Role): Promise<App> {
  const { config, readiness } = context;
  if (role !== 'api' && !config.kafka) {
    throw new SetupError(
      `KAFKA_BROKERS is not set: without Kafka one process does everything, and a ${role} of its own has nothing to do.`,
    );
  }
  const port = await openPortInTurn(context);
  const parts = await (config.kafka ? CLUSTER[role] : startSingleProcess)(context, port);
  readiness.started();
  return { port: port.port, parts };
}

const TRY_PORT_EVERY_MS = 100;

/** The former owner of the data folder, which is stopping, may still have the port. */
async function openPortInTurn(context: AppContext): Promise<HttpListener> {
  for (;;) {
    try {
      return await openHttpListener(context);
    } catch (error) {
      const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isInUse || context.config.database || !(await isOwnerStopping(context.config.dataDir)))
        throw error;
    }
    await sleep(TRY_PORT_EVERY_MS);
  }
}
