/**
 * The real servers that `npm run services -- up` has started, for the tests that need them. DOCSTREAM_SERVICES_ENV names the file of
 * their variables; where it is not set there are none.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv, promisify } from 'node:util';

export type ServiceName = 'kafka' | 'postgres' | 'redis' | 'weaviate' | 'firebase' | 'cohere';

const SCRIPT = fileURLToPath(new URL('../../scripts/services.mjs', import.meta.url));
/** A stop that has to be forced, and the slowest start. */
const COMMAND_MS = 150_000;

const execFileAsync = promisify(execFile);

/** Null: there are no services. */
export function serviceVariables(): Record<string, string> | null {
  const file = variablesFile();
  if (file === undefined) return null;
  const entries = Object.entries(parseEnv(readFileSync(file, 'utf8')));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Gracefully. Its ports and its data stay. */
export async function stopService(name: ServiceName): Promise<void> {
  await runServices('stop', name);
}

/** SIGKILL, as when the machine fails. */
export async function killService(name: ServiceName): Promise<void> {
  await runServices('stop', name, '--kill');
}

/** On the ports and the data that it had; answers when it does. A service that runs already stays as it is. */
export async function startService(name: ServiceName): Promise<void> {
  await runServices('start', name);
}

async function runServices(...words: string[]): Promise<void> {
  const file = variablesFile();
  if (file === undefined) throw new Error('DOCSTREAM_SERVICES_ENV is not set: there are no services');
  await execFileAsync(process.execPath, [SCRIPT, ...words, '--folder', dirname(file)], { timeout: COMMAND_MS });
}

function variablesFile(): string | undefined {
  return process.env['DOCSTREAM_SERVICES_ENV'] || undefined;
}
