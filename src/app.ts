/**
 * The composition root: opens the adapters, creates the use cases, opens the API, and pushes every
 * resource on the stack that closes it. Only this folder knows which adapter implements a port.
 *
 * Without Kafka, one process has all roles. With Kafka, each process has one role, and any number
 * of processes may have the same role.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppContext } from './app/app-context.js';
import type { AdapterRow } from './app/describe-adapters.js';
import { openHttpListener, type HttpListener } from './app/open-http-listener.js';
import { isOwnerStopping } from './in-process/data-dir-lock.js';
import { SetupError } from './errors.js';

export type Role = 'api' | 'worker' | 'relay';

export interface App {
  port: number;
  adapters: AdapterRow[];
}

type Start = (context: AppContext, listener: HttpListener) => Promise<AdapterRow[]>;

/** Loads only what the role needs: the other libraries would take most of the time of a start. */
async function loadStart(role: Role, isCluster: boolean): Promise<Start> {
  if (!isCluster) return (await import('./app/single-process.js')).startSingleProcess;
  const { startApi, startClusterRelay, startClusterWorker } = await import('./app/cluster.js');
  return { api: startApi, worker: startClusterWorker, relay: startClusterRelay }[role];
}

export async function startApp(context: AppContext, role: Role): Promise<App> {
  const { config, readiness } = context;
  if (role !== 'api' && !config.kafka) {
    throw new SetupError(
      `KAFKA_BROKERS is not set. Without Kafka one process has all roles; start only \`npm start\`, or set KAFKA_BROKERS to run a ${role}.`,
    );
  }
  const listener = await openListenerAfterOwner(context);
  const start = await loadStart(role, config.kafka !== null);
  const adapters = await start(context, listener);
  readiness.started();
  return { port: listener.port, adapters };
}

const RETRY_PORT_EVERY_MS = 100;

/** Opens the listener, and waits for the port while the former owner of the data folder stops. */
async function openListenerAfterOwner(context: AppContext): Promise<HttpListener> {
  for (;;) {
    try {
      return await openHttpListener(context);
    } catch (error) {
      const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isInUse || context.config.database || !(await isOwnerStopping(context.config.dataDir)))
        throw error;
    }
    await sleep(RETRY_PORT_EVERY_MS);
  }
}
