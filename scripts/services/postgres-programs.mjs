/** The programs and the user of PostgreSQL on this machine. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { find } from './tools.mjs';

/** Debian keeps each version in its own folder, outside PATH. */
const DEBIAN = '/usr/lib/postgresql';

/** Returns the folder of the newest version's programs, or null. */
export function findPostgres() {
  const folders = versions().map((version) => join(DEBIAN, version, 'bin'));
  const program = find('postgres', folders) ?? find('postgres');
  return program === null ? null : program.slice(0, -'/postgres'.length);
}

function versions() {
  try {
    return readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  } catch {
    return [];
  }
}

/**
 * Returns the user that runs PostgreSQL, which refuses to run as root; null if root has no such
 * user.
 */
export function postgresUser() {
  if (process.getuid() !== 0) return { ids: {}, home: null };
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  if (line === undefined) return null;
  const [, , uid, gid, , home] = line.split(':');
  return { ids: { uid: Number(uid), gid: Number(gid) }, home };
}
