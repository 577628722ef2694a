import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** Ctrl-C reaches this launcher twice, from the terminal and from npm: within this time it is one wish. */
const SAME_SIGNAL_MS = 500;
const PARENT_CHECK_MS = 500;

/** Runs a tool in the foreground; answers its exit code. */
export function run(command, args, { env = process.env } = {}) {
  const child = spawn(command, args, { stdio: 'inherit', env, shell: command.endsWith('.cmd') });
  return supervise(child);
}

/**
 * Runs a process of the product. It has a process group of its own, so that it hears of a Ctrl-C once, from here, and not a second time
 * from the terminal; and an IPC channel that closes when this launcher dies, however it dies.
 */
export function serve(command, args) {
  const child = spawn(command, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], detached: process.platform !== 'win32' });
  return supervise(child);
}

function supervise(child) {
  const stopForwarding = forwardSignals(child);
  const stopWatching = watchParent(() => child.kill('SIGTERM'));
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

function forwardSignals(child) {
  let last = { signal: '', at: 0 };
  const forward = (signal) => {
    const isRepeat = signal === last.signal && Date.now() - last.at < SAME_SIGNAL_MS;
    if (!isRepeat) child.kill(signal);
    last = { signal, at: Date.now() };
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  return () => SIGNALS.forEach((signal) => process.off(signal, forward));
}

/** npm that is killed outright says nothing to its scripts: they only get another parent. */
function watchParent(onGone) {
  const startedByNpm = process.env.npm_lifecycle_event !== undefined;
  if (!startedByNpm) return () => {};
  const parent = process.ppid;
  const timer = setInterval(() => process.ppid !== parent && onGone(), PARENT_CHECK_MS);
  return () => clearInterval(timer);
}
