/** up, down, start, stop, restart and status. Each answers the exit code. */
import { rmSync } from 'node:fs';
import { say } from '../launch/paths.mjs';
import { SERVICES, toServices } from './all.mjs';
import { contextOf, isReady, start, stop } from './lifecycle.mjs';
import { inFolder } from './folders.mjs';
import { freePorts, isFree } from './ports.mjs';
import { isRunning } from './processes.mjs';
import { installMissing, missingLines } from './requirements.mjs';
import { writeVariables } from './state.mjs';

/**
 * All of them or none: what is missing is said before anything is started, and a failure ends what
 * this command has started.
 */
export async function up(names, world, { install }) {
  const services = toServices(names);
  const needs = services.flatMap((service) => service.needs(world));
  if (install) await installMissing(needs, world);
  const lines = missingLines(needs);
  if (lines.length > 0) return refuse(lines);
  const wanted = services.filter((service) => !isRunning(processOf(service, world)));
  await givePorts(wanted, world);
  const outcomes = await Promise.allSettled(
    wanted.map((service) => prepareAndStart(service, world)),
  );
  const failures = outcomes
    .filter(({ status }) => status === 'rejected')
    .map(({ reason }) => reason.message);
  if (failures.length > 0) await Promise.all(wanted.map((service) => takeDown(service, world)));
  publish(world);
  if (world.signal.aborted) return refuse([world.signal.reason.message]);
  if (failures.length > 0) return refuse(failures);
  say(
    `${services.map(({ name }) => name).join(', ')} up; use them with: set -a; . ${inFolder.variables(world.folder)}; set +a`,
  );
  return 0;
}

/** Stops what was started here, and nothing else. `remove`: its data too. */
export async function down(names, world, { remove }) {
  const services = toServices(names).filter(({ name }) => name in world.state.services);
  const outcomes = await Promise.all(services.map((service) => takeDown(service, world)));
  services.forEach(
    ({ name }, index) => outcomes[index] !== 'gone' && say(`${name} ${outcomes[index]}`),
  );
  if (remove) for (const service of services) removeData(service, world);
  publish(world);
  return 0;
}

/** With the ports and the data that it had. */
export async function startAgain(names, world) {
  for (const service of known(names, world))
    if (!isRunning(processOf(service, world))) await start(service, world);
  return 0;
}

export async function stopOnly(names, world, { kill }) {
  for (const service of known(names, world))
    say(`${service.name} ${await stop(service, world, { isHard: kill })}`);
  return 0;
}

export async function restart(names, world, options) {
  return (await stopOnly(names, world, options)) || startAgain(names, world);
}

/** One table; 1 when a service that was brought up does not answer. */
export async function status(world) {
  const rows = await Promise.all(
    Object.values(SERVICES).map((service) => statusOf(service, world)),
  );
  process.stdout.write(
    toTable([
      ['SERVICE', 'VERSION', 'STATE', 'PID', 'PORT', 'LOG'],
      ...rows.map(({ cells }) => cells),
    ]),
  );
  return rows.every(({ isFine }) => isFine) ? 0 : 1;
}

async function prepareAndStart(service, world) {
  await service.prepare(world);
  world.signal.throwIfAborted();
  await start(service, world);
}

/**
 * A service keeps its ports, since its clients know them, unless somebody else took one while it
 * was down.
 */
async function givePorts(services, { state }) {
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

async function takeDown(service, world) {
  const outcome = await stop(service, world);
  world.state.set(service.name, { isUp: false });
  return outcome;
}

function removeData(service, world) {
  const folders = service.dataFolders(world, service.name);
  for (const folder of [...folders, inFolder.log(world.folder, service.name)])
    rmSync(folder, { recursive: true, force: true });
  world.state.forget(service.name);
}

function publish(world) {
  const services = Object.values(SERVICES).filter(({ name }) => world.state.services[name]?.isUp);
  writeVariables(
    world.folder,
    Object.assign({}, ...services.map((service) => service.variables(contextOf(service, world)))),
  );
}

function known(names, world) {
  if (names.length === 0) throw new Error('name the services');
  const services = toServices(names);
  const never = services.filter(({ name }) => !world.state.services[name]?.isUp);
  if (never.length > 0)
    throw new Error(
      `${never.map(({ name }) => name).join(', ')} is not up: npm run services -- up`,
    );
  return services;
}

function processOf({ name }, { state }) {
  return state.services[name]?.process ?? null;
}

async function statusOf(service, world) {
  const entry = world.state.services[service.name];
  const lives = isRunning(processOf(service, world));
  const answers = lives && (await isReady(service, contextOf(service, world)));
  const word = answers
    ? 'answers'
    : lives
      ? 'silent'
      : !entry?.isUp
        ? 'down'
        : entry.process === null
          ? 'stopped'
          : 'ended';
  const cells = [service.name, service.version, word];
  const where = lives ? [String(entry.process.pid), String(entry.ports.main)] : ['-', '-'];
  return {
    isFine: answers || word === 'down',
    cells: [...cells, ...where, entry ? inFolder.log(world.folder, service.name) : '-'],
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
