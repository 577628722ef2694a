/**
 * The variables of the real servers that `npm run services -- up` has started, from the file that
 * DOCSTREAM_SERVICES_ENV names.
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** Returns null if DOCSTREAM_SERVICES_ENV is not set. */
export function serviceVariables(): Record<string, string> | null {
  const file = process.env['DOCSTREAM_SERVICES_ENV'];
  if (!file) return null;
  const entries = Object.entries(parseEnv(readFileSync(file, 'utf8')));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
