/**
 * The programs that start a reading process, if the platform has them and allows their use:
 *
 *     unshare   an empty network namespace; a user namespace also hides the parent's files in /proc
 *     setpriv   the kernel kills the process when its parent dies for any reason
 *
 * Both replace themselves with the program they start, so that its process id and its channel to
 * the parent stay. Without them (macOS, containers that forbid namespaces) denials.ts denies the
 * network within the process, and a thread watches the parent.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const FOLDERS = ['/usr/bin', '/bin'];
const NAMESPACES = [
  ['unshare', '--user', '--map-current-user', '--net', '--'],
  // For root on a machine that forbids user namespaces.
  ['unshare', '--net', '--'],
  [],
];
const GUARD = ['setpriv', '--pdeathsig', 'KILL'];
const PROBE_TIMEOUT_MS = 5_000;

export interface Launcher {
  /** A command that takes another command as its last arguments. Empty: start it directly. */
  command: readonly string[];
  /** Whether the kernel kills the started process when this one dies. */
  endsWithParent: boolean;
}

const NONE: Launcher = { command: [], endsWithParent: false };

/**
 * Returns the best launcher that works on this machine, and whose processes can read all of
 * `paths`. Blocks for about 50 ms, once.
 */
export function findLauncher(paths: readonly string[]): Launcher {
  if (process.platform !== 'linux') return NONE;
  const launchers = NAMESPACES.flatMap((namespace) => [
    { command: [...locate(namespace), ...locate(GUARD)], endsWithParent: true },
    { command: locate(namespace), endsWithParent: false },
  ]);
  return launchers.find(({ command }) => works(command, paths)) ?? NONE;
}

/**
 * Returns the command with the full path of its program: a child has no PATH. A missing program
 * keeps its name, so that the command does not work.
 */
function locate([name, ...options]: readonly string[]): string[] {
  if (name === undefined) return [];
  const path = FOLDERS.map((folder) => `${folder}/${name}`).find((candidate) =>
    existsSync(candidate),
  );
  return [path ?? name, ...options];
}

/** In a user namespace, even root has no right to the files of other users. */
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
