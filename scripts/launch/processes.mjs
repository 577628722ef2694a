import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/**
 * Ctrl-C reaches this launcher twice, from the terminal and from npm. Within this time both count
 * as one.
 */
const SAME_SIGNAL_MS = 500;
const PARENT_CHECK_MS = 500;
const SHELLS = ['sh', 'dash', 'bash', 'ash', 'busybox'];

const IS_WINDOWS = process.platform === 'win32';

/** Runs a tool in the foreground and returns its exit code. */
export function run(command, args) {
  return supervise(spawn(command, args, { stdio: 'inherit' }));
}

/**
 * Runs the installer. A signal kills it with all its children: npx alone would exit and leave npm
 * running, and npm would spend a minute rolling back what the next start installs again.
 */
export function runInstaller(command, args, { env, onStart }) {
  const child = spawn(command, args, {
    stdio: 'inherit',
    env,
    shell: IS_WINDOWS,
    detached: !IS_WINDOWS,
  });
  onStart(child.pid);
  return supervise(child, () => (IS_WINDOWS ? child.kill() : killGroup(child.pid)));
}

/**
 * Runs a process of the product. Its own process group keeps the terminal from sending Ctrl-C a
 * second time. Its IPC channel closes when this launcher dies, whatever the reason.
 */
export function serve(command, args) {
  const child = spawn(command, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: !IS_WINDOWS,
  });
  return supervise(child);
}

function supervise(child, kill = (signal) => child.kill(signal)) {
  const stopForwarding = forwardSignals(kill);
  const stopWatching = watchParent(() => kill('SIGTERM'));
  return new Promise((resolve) => {
    const finish = (code) => {
      stopForwarding();
      stopWatching();
      resolve(code);
    };
    child.once('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      finish(1);
    });
    child.once('exit', (code, signal) => finish(code ?? 128 + constants.signals[signal]));
  });
}

function killGroup(leader) {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function forwardSignals(kill) {
  let last = { signal: '', at: 0 };
  const forward = (signal) => {
    const isRepeat = signal === last.signal && Date.now() - last.at < SAME_SIGNAL_MS;
    if (!isRepeat) kill(signal);
    last = { signal, at: Date.now() };
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  return () => SIGNALS.forEach((signal) => process.off(signal, forward));
}

/**
 * Calls `onGone` after npm was killed. npm then sends no signal; this process, or the shell between
 * npm and this process, only gets another parent.
 */
function watchParent(onGone) {
  const startedByNpm = process.env.npm_lifecycle_event !== undefined;
  if (!startedByNpm) return () => {};
  const ancestors = npmAncestors();
  const timer = setInterval(() => {
    if (npmAncestors() === ancestors) return;
    clearInterval(timer);
    onGone();
  }, PARENT_CHECK_MS);
  return () => clearInterval(timer);
}

/**
 * Returns the ancestors up to npm, and none above it, because npm may outlive its terminal. A shell
 * stays in between on Linux only.
 */
function npmAncestors() {
  const parent = process.ppid;
  if (process.platform !== 'linux') return String(parent);
  try {
    const [, command, parentOfParent] =
      /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${parent}/stat`, 'utf8')) ?? [];
    return SHELLS.includes(command) ? `${parent} ${parentOfParent}` : String(parent);
  } catch {
    return 'gone';
  }
}
