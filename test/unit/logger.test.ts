/** Runs the logger in a child process, because the promise is about the output on stderr. */
import { spawnSync } from 'node:child_process';

const LOGGER = new URL('../../src/runtime/pino-logger.ts', import.meta.url).href;

interface Line {
  level: number;
  time: string;
  msg: string;
  err?: { type: string; code?: string; message: string; stack: string; cause?: Line['err'] };
}

/** Returns what `script`, which has a `logger`, writes to stderr. Its stdout must be empty. */
function logged(script: string, { level = 'info', forTerminal = false } = {}): string {
  const program = `
    import { createLogger } from ${JSON.stringify(LOGGER)};
    const logger = createLogger(${JSON.stringify({ level, forTerminal })});
    ${script}`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', program],
    {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    },
  );
  expect({ stdout, status, stderr: status === 0 ? '' : stderr }).toEqual({
    stdout: '',
    status: 0,
    stderr: '',
  });
  return stderr;
}

function linesOf(script: string): Line[] {
  return logged(script)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/**
 * As a driver throws it: the statement, its parameters and the line it stumbled over are on it, and
 * in later lines of its message.
 */
const DRIVER_ERROR = `
  const driver = Object.assign(new Error('invalid byte sequence\\nparameters: SECRET'), {
    code: '22021', where: 'COPY line 1: SECRET', detail: 'SECRET', query: 'insert SECRET', parameters: ['SECRET'], hint: 'SECRET',
  });`;

describe('the log', () => {
  it('writes one JSON object per line to stderr, with an ISO 8601 time', () => {
    const lines = linesOf(
      `logger.info({ documentId: 'x' }, 'one'); logger.warn({}, 'two\\nlines');`,
    );
    expect(lines).toEqual([
      {
        level: 30,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
        documentId: 'x',
        msg: 'one',
      },
      expect.objectContaining({ level: 40, msg: 'two\nlines' }),
    ]);
  });

  it.each([false, true])(
    'omits statements, parameters and data of a driver from an error (for a terminal: %j)',
    (forTerminal) => {
      const text = logged(`${DRIVER_ERROR} logger.error({ err: driver }, 'failed');`, {
        forTerminal,
      });
      expect(text).toContain('invalid byte sequence');
      expect(text).toContain('22021');
      expect(text).not.toContain('SECRET');
    },
  );

  it('omits them from the causes of an error, down to the fourth', () => {
    const [line] = linesOf(`${DRIVER_ERROR}
      logger.error({ err: new Error('ours', { cause: new Error('between', { cause: driver }) }) }, 'failed');`);
    expect(line?.err).toMatchObject({
      message: 'ours',
      cause: { message: 'between', cause: { message: 'invalid byte sequence', code: '22021' } },
    });
    expect(JSON.stringify(line)).not.toContain('SECRET');
  });

  it('writes where an error was thrown', () => {
    const [line] = linesOf(
      `function here() { return new TypeError('x'); } logger.error({ err: here() }, 'failed');`,
    );
    expect(line?.err).toMatchObject({
      type: 'TypeError',
      stack: expect.stringMatching(/^\s+at here /) as string,
    });
  });

  it('terminates for an error that is its own cause', () => {
    const [line] = linesOf(
      `const error = new Error('round'); error.cause = error; logger.error({ err: error }, 'failed');`,
    );
    expect(JSON.stringify(line).match(/round/g)).toHaveLength(5);
  });

  it('cuts a long message', () => {
    const [line] = linesOf(`logger.error({ err: new Error('m'.repeat(5000)) }, 'failed');`);
    expect(line?.err?.message).toBe('m'.repeat(300));
  });

  it('writes only the type of a thrown value that is not an error', () => {
    const [line] = linesOf(`logger.error({ err: 'SECRET' }, 'failed');`);
    expect(line?.err).toBe('string');
  });

  it('redacts tokens and headers', () => {
    const text =
      logged(`logger.info({ token: 'SECRET', authorization: 'SECRET', headers: { cookie: 'SECRET' },
      request: { token: 'SECRET', authorization: 'SECRET', headers: { a: 'SECRET' } } }, 'a request');`);
    expect(text).not.toContain('SECRET');
  });

  it('omits lines below its level', () => {
    expect(
      logged(
        `logger.debug({}, 'a detail'); logger.info({}, 'news'); logger.error({}, 'trouble');`,
        { level: 'error' },
      ),
    ).not.toMatch(/detail|news/);
    expect(logged(`logger.fatal({}, 'trouble');`, { level: 'silent' })).toBe('');
  });
});
