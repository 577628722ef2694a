/** Builders and installers of the machine, run in the foreground. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const TAIL_LINES = 15;

/** Returns the path of a program, or null. */
export function find(program, folders = (process.env.PATH ?? '').split(delimiter)) {
  return folders.map((folder) => join(folder, program)).find(isExecutable) ?? null;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a tool and returns its output; rejects with the last lines. An aborted `signal` ends it. */
export async function runTool(command, args, { input = '', ...options } = {}) {
  const child = spawn(command, args, { stdio: 'pipe', ...options });
  const output = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => output.push(text));
  // A tool may exit without reading its input.
  child.stdin.on('error', () => undefined).end(input);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => resolve(exitCode ?? signal));
  });
  const text = output.join('');
  if (code !== 0)
    throw new Error(`${command} ${args.join(' ')} exited with ${code}\n${lastLines(text)}`);
  return text;
}

/** Runs a build at the lowest priority, so that it does not slow down other work. */
export function runPolitely(command, args, options) {
  return runTool('nice', ['-n', '19', command, ...args], options);
}

export function lastLines(text) {
  return text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
}
