/**
 * The programs that start a reading process, where the platform has them and lets us use them:
 *
 *     unshare   a network of its own, with nothing in it; a user namespace of its own also closes the parent's files in /proc
 *     setpriv   the kernel ends the process when its parent dies, however that dies
 *
 * Both replace themselves with what they start, so its process id and its channel to us stay.
 * Without them (macOS, containers that forbid namespaces) reader-child.ts denies the network within
 * the process, and a thread watches the parent.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const FOLDERS = ['/usr/bin', '/bin'];
const NAMESPACES = [
  ['unshare', '--user', '--map-current-user', '--net', '--'],
  // Root in a machine that forbids user namespaces.
  ['unshare', '--net', '--'],
  [],
];
const GUARD = ['setpriv', '--pdeathsig', 'KILL'];
const PROBE_TIMEOUT_MS = 5_000;

export interface Launcher {
  /** A command that takes another command as its last arguments; empty where there is none. */
  command: readonly string[];
  /** The kernel kills what is started when this process dies. */
  endsWithParent: boolean;
}

const NONE: Launcher = { command: [], endsWithParent: false };

/**
 * Returns the best that works here; a process that it starts can read all of `paths`. Blocks for
 * some 50 ms, once.
 */
export function findLauncher(paths: readonly string[]): Launcher {
  if (process.platform !== 'linux') return NONE;
  const launchers = NAMESPACES.flatMap((namespace) => [
    { command: [...located(namespace), ...located(GUARD)], endsWithParent: true },
    { command: located(namespace), endsWithParent: false },
  ]);
  return launchers.find(({ command }) => works(command, paths)) ?? NONE;
}

/**
 * With its full path: a child has no PATH. A program that is missing keeps its name, and does not
 * work.
 */
function located([name, ...options]: readonly string[]): string[] {
  if (name === undefined) return [];
  const path = FOLDERS.map((folder) => `${folder}/${name}`).find((candidate) =>
    existsSync(candidate),
  );
  return [path ?? name, ...options];
}

/** In a user namespace of its own even root has no right to files of others. */
function works([program, ...options]: readonly string[], paths: readonly string[]): boolean {
  if (program === undefined) return true;
  const probe = [
    process.execPath,
    '--eval',
    'for (const path of process.argv.slice(1)) fs.accessSync(path, fs.constants.R_OK)',
    ...paths,
  ];
  try {
    execFileSync(program, [...options, ...probe], {
      env: {},
      stdio: 'ignore',
      timeout: PROBE_TIMEOUT_MS,
    });
    return true;
  } catch {
    return false;
  }
}
