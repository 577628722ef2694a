/** Runs child processes, in which uncaught errors and failures to log must not end the process. */
import { spawnSync } from 'node:child_process';
import { limitLines } from '../../src/runtime/limit-lines.js';
import { makeLogger } from '../support/make-logger.js';

const PROJECT = new URL('../../', import.meta.url);

/** Runs `body` in a process with the handlers and a real logger. */
function run(body: string): { status: number | null; output: string } {
  const modules = ['pino-logger', 'process-handlers'].map(
    (name) => new URL(`src/runtime/${name}.ts`, PROJECT).href,
  );
  const script = `
    import { createLogger } from ${JSON.stringify(modules[0])};
    import { handleStrayErrors } from ${JSON.stringify(modules[1])};
    const logger = createLogger({ level: 'info', forTerminal: false });
    handleStrayErrors(logger);
    setTimeout(() => process.stdout.write('still alive'), 100);
    ${body}`;
  const imports = new URL('test/bench/typescript-imports.mjs', PROJECT).href;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [`--import=${imports}`, '--input-type=module', '-e', script],
    {
      encoding: 'utf8',
    },
  );
  return { status, output: stdout + stderr };
}

it.each([
  ['an exception', `setTimeout(() => { throw new Error('stray'); });`],
  ['a rejection', `void Promise.reject(new Error('stray'));`],
  [
    'a value that is not an error',
    `setTimeout(() => { throw undefined; }); void Promise.reject(null);`,
  ],
  [
    'an unreadable error',
    `const bad = new Error('x'); for (const key of ['message', 'stack', 'name', 'code', 'cause']) Object.defineProperty(bad, key, { get() { throw bad; } }); setTimeout(() => { throw bad; }); void Promise.reject(bad);`,
  ],
  [
    'an error without a text',
    `setTimeout(() => { throw Object.assign(new Error('x'), { message: 7, stack: null, name: {} }); });`,
  ],
  [
    'an altered built-in',
    `Object.prototype.hasOwnProperty.call = undefined; setTimeout(() => { throw new Error('stray'); });`,
  ],
  [
    'an error on a stream without a listener',
    `const { Readable } = await import('node:stream'); new Readable().destroy(new Error('stray'));`,
  ],
])('keeps the process running after %s that nobody caught', (_, body) => {
  expect(run(body)).toMatchObject({
    status: 0,
    output: expect.stringContaining('still alive') as string,
  });
});

it('logs that a library wrote to the console, without its text', () => {
  const { output } = run(
    `for (let line = 0; line < 1000; line += 1) console.error('a secret of a client', new TypeError('why'));`,
  );
  expect(output).not.toContain('a secret of a client');
  expect(output.match(/a library wrote to the console/g)).toHaveLength(10);
});

it('writes ten lines of one message in a minute, and then the number of omitted ones', () => {
  const logger = makeLogger();
  let now = 0;
  const limited = limitLines(logger, () => now);
  for (let line = 0; line < 500; line += 1) limited.warn({ line }, 'one kind');
  limited.warn({}, 'another kind');
  expect(logger.lines.filter(({ message }) => message === 'one kind')).toHaveLength(10);
  expect(logger.lines.at(-1)?.message).toBe('another kind');
  now = 61_000;
  limited.warn({}, 'one kind');
  expect(logger.lines.at(-1)).toMatchObject({ message: 'one kind', fields: { omitted: 490 } });
});
