/**
 * The thread that sends one hostile input, named in its data. A thread of its own keeps the
 * neighbour's clock honest, and when the bench ends it, every connection goes with it.
 */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Target } from './input.js';
import { HOSTILE_INPUTS } from './inputs/all.js';
import { deleteEverything } from './requests.js';

/**
 * On Linux a thread has a priority of its own: on two cores, what the sender itself costs is not to
 * count as the service's delay.
 */
const LOWER_PRIORITY = 10;

const { name, target } = workerData as { name: string; target: Target };
const input = HOSTILE_INPUTS.find((one) => one.name === name);
if (!input) throw new Error(`there is no input ${name}`);
setPriority(0, LOWER_PRIORITY);
const responses = await input.send(target);
await deleteEverything(target);
parentPort?.postMessage(responses);
