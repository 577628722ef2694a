/**
 * The thread that sends one hostile input. A separate thread does not delay the neighbour's
 * measurements, and its connections close when the benchmark terminates it.
 */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { Target } from './input.js';
import { HOSTILE_INPUTS } from './inputs/all.js';
import { deleteAllDocuments } from './requests.js';

/**
 * The niceness of the sender. Linux has one for each thread, so that on two cores the work of the
 * sender does not count as a delay of the service.
 */
const NICENESS = 10;

const { name, target } = workerData as { name: string; target: Target };
const input = HOSTILE_INPUTS.find((candidate) => candidate.name === name);
if (!input) throw new Error(`the input ${name} does not exist`);
setPriority(0, NICENESS);
const responses = await input.send(target);
await deleteAllDocuments(target);
parentPort?.postMessage(responses);
