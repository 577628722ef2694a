/**
 * The programs that start a reading process, where the platform has them and lets us use them:
 *
 *     unshare   a network of its own, with nothing in it; a user namespace of its own also closes the parent's files in /proc
 *     setpriv   the kernel ends the process when its parent dies, however that dies
 *
 * Both replace themselves with what they start, so its process id and its channel to us stay. Without them (macOS, containers that
 * forbid namespaces) reader-child.ts denies the network within the process, and a thread watches the parent.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const FOLDERS = ['/usr/bin', '/bin'];
const NAMESPACES = [
  ['--user', '--map-current-user', '--net', '--'],
  // Root in a machine that forbids user namespaces.
  ['--net', '--'],
];
const PROBE_TIMEOUT_MS = 5_000;

export interface Launcher {
  /** A command that takes another command as its last arguments; empty where there is none. */
  command: readonly string[];
  /** The kernel kills what is started when this process dies. */
  endsWithParent: boolean;
}

/** Tries what works here; the process must be able to read all of `paths`. Blocks for some 50 ms, once. */
export function findLauncher(paths: readonly string[]): Launcher {
  if (process.platform !== 'linux') return { command: [], endsWithParent: false };
  const namespace = firstThatWorks(
    NAMESPACES.map((options) => toCommand('unshare', options)),
    paths,
  );
  const setpriv = toCommand('setpriv', ['--pdeathsig', 'KILL']);
  const endsWithParent = firstThatWorks([setpriv], []).length > 0;
  return { command: endsWithParent ? [...namespace, ...setpriv] : namespace, endsWithParent };
}

function toCommand(name: string, options: readonly string[]): string[] {
  const path = FOLDERS.map((folder) => `${folder}/${name}`).find((candidate) => existsSync(candidate));
  return path === undefined ? [] : [path, ...options];
}

function firstThatWorks(commands: readonly string[][], paths: readonly string[]): string[] {
  return commands.find((command) => command.length > 0 && works(command, paths)) ?? [];
}

/** In a user namespace of its own even root has no right to files of others. */
function works([program = '', ...options]: readonly string[], paths: readonly string[]): boolean {
  const probe = [process.execPath, '--eval', 'for (const path of process.argv.slice(1)) fs.accessSync(path, fs.constants.R_OK)', ...paths];
  try {
    execFileSync(program, [...options, ...probe], { env: {}, stdio: 'ignore', timeout: PROBE_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}
