/** In a process of its own, since what is promised is what comes out on stderr. */
import { spawnSync } from 'node:child_process';

const LOGGER = new URL('../../src/runtime/pino-logger.ts', import.meta.url).href;

interface Line {
  level: number;
  time: string;
  msg: string;
  err?: { type: string; code?: string; message: string; stack: string; cause?: Line['err'] };
}

/** What `script`, with a `logger` at hand, writes to stderr; stdout must stay empty. */
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
  it('is one JSON object a line on stderr, with the time by ISO 8601', () => {
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
    'has of an error no statement, parameter or data of a driver (for a terminal: %j)',
    (forTerminal) => {
      const text = logged(`${DRIVER_ERROR} logger.error({ err: driver }, 'failed');`, {
        forTerminal,
      });
      expect(text).toContain('invalid byte sequence');
      expect(text).toContain('22021');
      expect(text).not.toContain('SECRET');
    },
  );

  it('has neither of the errors behind an error, down to the fourth', () => {
    const [line] = linesOf(`${DRIVER_ERROR}
      logger.error({ err: new Error('ours', { cause: new Error('between', { cause: driver }) }) }, 'failed');`);
    expect(line?.err).toMatchObject({
      message: 'ours',
      cause: { message: 'between', cause: { message: 'invalid byte sequence', code: '22021' } },
    });
    expect(JSON.stringify(line)).not.toContain('SECRET');
  });

  it('says where an error was thrown', () => {
    const [line] = linesOf(
      `function here() { return new TypeError('x'); } logger.error({ err: here() }, 'failed');`,
    );
    expect(line?.err).toMatchObject({
      type: 'TypeError',
      stack: expect.stringMatching(/^\s+at here /) as string,
    });
  });

  it('ends with an error that is its own cause', () => {
    const [line] = linesOf(
      `const error = new Error('round'); error.cause = error; logger.error({ err: error }, 'failed');`,
    );
    expect(JSON.stringify(line).match(/round/g)).toHaveLength(5);
  });

  it('cuts a message that is long', () => {
    const [line] = linesOf(`logger.error({ err: new Error('m'.repeat(5000)) }, 'failed');`);
    expect(line?.err?.message).toBe('m'.repeat(300));
  });

  it('has of something thrown that is no error its type only', () => {
    const [line] = linesOf(`logger.error({ err: 'SECRET' }, 'failed');`);
    expect(line?.err).toBe('string');
  });

  it('has no token and no header, should somebody hand it one', () => {
    const text =
      logged(`logger.info({ token: 'SECRET', authorization: 'SECRET', headers: { cookie: 'SECRET' },
      request: { token: 'SECRET', authorization: 'SECRET', headers: { a: 'SECRET' } } }, 'a request');`);
    expect(text).not.toContain('SECRET');
  });

  it('leaves out what is below its level', () => {
    expect(
      logged(
        `logger.debug({}, 'a detail'); logger.info({}, 'news'); logger.error({}, 'trouble');`,
        { level: 'error' },
      ),
    ).not.toMatch(/detail|news/);
    expect(logged(`logger.fatal({}, 'trouble');`, { level: 'silent' })).toBe('');
  });
});
