/** Inspects processes from outside, as an operator does. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/** The command line of a reader. A process that was just forked still has that of its parent. */
const READER = /\/(reader-child|child)\.m?js/;

/** Returns the process ids of the readers of a process, without zombies. */
export async function readersOf(pid: number): Promise<number[]> {
  const { stdout } = await execFileAsync('ps', ['-A', '-o', 'pid=,ppid=,stat=,args=']);
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [])
    .filter(
      ([, , ppid, state, command = '']) =>
        Number(ppid) === pid && !state?.startsWith('Z') && READER.test(command),
    )
    .map(([, reader]) => Number(reader));
}

export async function isRunning(pid: number): Promise<boolean> {
  const { stdout } = await execFileAsync('ps', ['-o', 'stat=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }));
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

export interface ParentProcess {
  pid: number;
  /** Resolves when the extractor has passed a document to the child. */
  untilBusy(): Promise<void>;
  /** Sends SIGKILL, as a power failure does. */
  kill(): void;
}

/** Starts a process with an extractor that reads one document. */
export async function startParent(workDir: string, childPath: string): Promise<ParentProcess> {
  const extractor = new URL('../../dist/src/extraction/extractor.js', import.meta.url).href;
  const script = `
    import { Readable } from 'node:stream';
    import { createExtractor } from ${JSON.stringify(extractor)};
    const extractor = createExtractor({ workDir: ${JSON.stringify(workDir)}, processes: 1, timeoutMs: 60_000, maxRssBytes: 1e9, childPath: ${JSON.stringify(childPath)} });
    const reading = extractor.extract({ mimeType: 'text/plain', content: Readable.from(['x']), signal: new AbortController().signal });
    await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 500))]);
    process.stdout.write('busy');
    setInterval(() => undefined, 1_000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(parent, 'spawn');
  const busy = once(parent.stdout, 'data');
  return {
    pid: parent.pid ?? 0,
    untilBusy: async () => void (await busy),
    kill: () => void parent.kill('SIGKILL'),
  };
}
