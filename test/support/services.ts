/**
 * The real servers that `npm run services -- up` has started, for the tests that need them.
 * DOCSTREAM_SERVICES_ENV names the file of their variables; where it is not set there are none.
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** Null: there are no services. */
export function serviceVariables(): Record<string, string> | null {
  const file = process.env['DOCSTREAM_SERVICES_ENV'];
  if (!file) return null;
  const entries = Object.entries(parseEnv(readFileSync(file, 'utf8')));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
