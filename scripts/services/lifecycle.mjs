/** Starts and stops one service of a folder. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../launch/paths.mjs';
import { inFolder } from './folders.mjs';
import { isFree } from './ports.mjs';
import { isRunning, startDetached, stopProcess } from './processes.mjs';
import { lastLines } from './tools.mjs';

const POLL_MS = 100;
const READY_MS = 120_000;

/**
 * Returns what the functions of a service receive: the shared context with its own ports and
 * secrets.
 */
export function serviceContextOf(service, { cache, folder, state, signal }) {
  const { ports, secrets } = state.services[service.name];
  return { cache, folder, ports, secrets, signal };
}

/** Resolves when the service is ready; stops it again if it does not become ready. */
export async function start(service, context) {
  const startedAt = Date.now();
  const serviceContext = serviceContextOf(service, context);
  await service.initialise(serviceContext);
  await refuseTakenPorts(service, serviceContext.ports);
  const logFile = inFolder.log(context.folder, service.name);
  mkdirSync(dirname(logFile), { recursive: true });
  const started = await startDetached({ ...service.command(serviceContext), logFile });
  context.state.set(service.name, {
    process: started,
    startedAt: new Date().toISOString(),
    isUp: true,
  });
  try {
    await untilReady(service, serviceContext, { started, logFile, signal: context.signal });
  } catch (error) {
    await stop(service, context);
    throw error;
  }
  say(
    `${service.name} is ready on 127.0.0.1:${serviceContext.ports.main} after ${((Date.now() - startedAt) / 1000).toFixed(1)} s`,
  );
}

/** Stops a service. `isHard` kills it, as a power failure does. */
export async function stop(service, { state }, { isHard = false } = {}) {
  const { process: started = null } = state.services[service.name] ?? {};
  if (started === null) return 'gone';
  const outcome = await stopProcess(started, {
    signal: isHard ? 'SIGKILL' : service.stopSignal,
    graceMs: service.graceMs,
  });
  state.set(service.name, { process: null });
  return outcome;
}

async function refuseTakenPorts(service, ports) {
  for (const port of Object.values(ports))
    if (!(await isFree(port)))
      throw new Error(`${service.name} cannot start; another process uses its port ${port}`);
}

async function untilReady(service, context, { started, logFile, signal }) {
  const deadline = Date.now() + READY_MS;
  while (!(await isReady(service, context))) {
    signal.throwIfAborted();
    if (!isRunning(started))
      throw new Error(
        `${service.name} exited during its start; see ${logFile}\n${tailOf(logFile)}`,
      );
    if (Date.now() > deadline)
      throw new Error(`${service.name} does not become ready; see ${logFile}\n${tailOf(logFile)}`);
    await sleep(POLL_MS);
  }
}

/** Returns false for a service that refuses connections or is still starting. */
export async function isReady(service, context) {
  try {
    return await service.isReady(context);
  } catch {
    return false;
  }
}

function tailOf(logFile) {
  return existsSync(logFile) ? lastLines(readFileSync(logFile, 'utf8')) : '';
}
