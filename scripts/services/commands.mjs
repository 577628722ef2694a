/** up, down, start, stop, restart and status. Each returns the exit code. */
import { rmSync } from 'node:fs';
import { say } from '../launch/paths.mjs';
import { SERVICES, toServices } from './all.mjs';
import { serviceContextOf, isReady, start, stop } from './lifecycle.mjs';
import { inFolder } from './folders.mjs';
import { freePorts, isFree } from './ports.mjs';
import { isRunning } from './processes.mjs';
import { installMissing, missingLines } from './requirements.mjs';
import { writeVariables } from './state.mjs';

/**
 * Starts all services or none. Reports missing requirements before it starts anything; after a
 * failure it stops what it has started.
 */
export async function up(names, context, { install }) {
  const services = toServices(names);
  const needs = services.flatMap((service) => service.needs(context));
  if (install) await installMissing(needs, context);
  const lines = missingLines(needs);
  if (lines.length > 0) return refuse(lines);
  const wanted = services.filter((service) => !isRunning(processOf(service, context)));
  await assignPorts(wanted, context);
  const outcomes = await Promise.allSettled(
    wanted.map((service) => prepareAndStart(service, context)),
  );
  const failures = outcomes
    .filter(({ status }) => status === 'rejected')
    .map(({ reason }) => reason.message);
  if (failures.length > 0) await Promise.all(wanted.map((service) => takeDown(service, context)));
  publish(context);
  if (context.signal.aborted) return refuse([context.signal.reason.message]);
  if (failures.length > 0) return refuse(failures);
  say(
    `${services.map(({ name }) => name).join(', ')} up; use them with: set -a; . ${inFolder.variables(context.folder)}; set +a`,
  );
  return 0;
}

/** Stops what was started in this folder; `remove` deletes its data too. */
export async function down(names, context, { remove }) {
  const services = toServices(names).filter(({ name }) => name in context.state.services);
  const outcomes = await Promise.all(services.map((service) => takeDown(service, context)));
  services.forEach(
    ({ name }, index) => outcomes[index] !== 'gone' && say(`${name} ${outcomes[index]}`),
  );
  if (remove) for (const service of services) removeData(service, context);
  publish(context);
  return 0;
}

/** Starts stopped services with their old ports and data. */
export async function startAgain(names, context) {
  for (const service of known(names, context))
    if (!isRunning(processOf(service, context))) await start(service, context);
  return 0;
}

export async function stopOnly(names, context, { kill }) {
  for (const service of known(names, context))
    say(`${service.name} ${await stop(service, context, { isHard: kill })}`);
  return 0;
}

export async function restart(names, context, options) {
  return (await stopOnly(names, context, options)) || startAgain(names, context);
}

/** Prints one table; returns 1 if a service that is up does not respond. */
export async function status(context) {
  const rows = await Promise.all(
    Object.values(SERVICES).map((service) => statusOf(service, context)),
  );
  process.stdout.write(
    toTable([
      ['SERVICE', 'VERSION', 'STATE', 'PID', 'PORT', 'LOG'],
      ...rows.map(({ cells }) => cells),
    ]),
  );
  return rows.every(({ isFine }) => isFine) ? 0 : 1;
}

async function prepareAndStart(service, context) {
  await service.prepare(context);
  context.signal.throwIfAborted();
  await start(service, context);
}

/**
 * Gives each service its ports. A service keeps its old ports, which clients know, unless another
 * process took one while it was down.
 */
async function assignPorts(services, { state }) {
  const taken = new Set(Object.values(state.services).flatMap(({ ports }) => Object.values(ports)));
  for (const service of services) {
    const known = state.services[service.name];
    const isUsable =
      known !== undefined &&
      (await Promise.all(Object.values(known.ports).map(isFree))).every(Boolean);
    if (isUsable) continue;
    const ports = await freePorts(service.ports.length, taken);
    const named = Object.fromEntries(service.ports.map((name, index) => [name, ports[index]]));
    state.set(service.name, {
      secrets: service.makeSecrets(),
      ...known,
      ports: named,
      process: null,
      isUp: false,
    });
  }
}

async function takeDown(service, context) {
  const outcome = await stop(service, context);
  context.state.set(service.name, { isUp: false });
  return outcome;
}

function removeData(service, context) {
  const folders = service.dataFolders(context, service.name);
  for (const folder of [...folders, inFolder.log(context.folder, service.name)])
    rmSync(folder, { recursive: true, force: true });
  context.state.forget(service.name);
}

function publish(context) {
  const services = Object.values(SERVICES).filter(({ name }) => context.state.services[name]?.isUp);
  writeVariables(
    context.folder,
    Object.assign(
      {},
      ...services.map((service) => service.variables(serviceContextOf(service, context))),
    ),
  );
}

function known(names, context) {
  if (names.length === 0) throw new Error('name at least one service');
  const services = toServices(names);
  const never = services.filter(({ name }) => !context.state.services[name]?.isUp);
  if (never.length > 0)
    throw new Error(
      `${never.map(({ name }) => name).join(', ')} is not up; run npm run services -- up`,
    );
  return services;
}

function processOf({ name }, { state }) {
  return state.services[name]?.process ?? null;
}

async function statusOf(service, context) {
  const entry = context.state.services[service.name];
  const isAlive = isRunning(processOf(service, context));
  const responds = isAlive && (await isReady(service, serviceContextOf(service, context)));
  const word = responds
    ? 'ready'
    : isAlive
      ? 'not ready'
      : !entry?.isUp
        ? 'down'
        : entry.process === null
          ? 'stopped'
          : 'exited';
  const cells = [service.name, service.version, word];
  const where = isAlive ? [String(entry.process.pid), String(entry.ports.main)] : ['-', '-'];
  return {
    isFine: responds || word === 'down',
    cells: [...cells, ...where, entry ? inFolder.log(context.folder, service.name) : '-'],
  };
}

function toTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function refuse(lines) {
  for (const line of lines) process.stderr.write(`${line}\n`);
  return 1;
}
