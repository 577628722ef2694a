import { createResourceStack } from '../../src/runtime/resource-stack.js';
import { makeLogger } from '../support/make-logger.js';

type Logger = Parameters<typeof createResourceStack>[0];

const NEVER = new Promise<void>(() => undefined);

function create() {
  const logger = makeLogger();
  const closed: string[] = [];
  const resources = createResourceStack(logger as unknown as Logger);
  const push = (name: string, close: () => Promise<void> | void = () => undefined) =>
    resources.push(name, async () => {
      await close();
      closed.push(name);
    });
  return { resources, push, closed, logger };
}

describe('the stack of what is open', () => {
  it('is closed newest first, one after the other', async () => {
    const { resources, push, closed } = create();
    push('database', () => new Promise(setImmediate));
    push('server', () => new Promise(setImmediate));
    push('hub');
    expect(await resources.close(1_000)).toBe(true);
    expect(closed).toEqual(['hub', 'server', 'database']);
  });

  it('is closed once, however often that is asked for', async () => {
    const { resources, push, closed } = create();
    push('server', () => new Promise(setImmediate));
    expect(await Promise.all([resources.close(1_000), resources.close(1_000)])).toEqual([
      true,
      true,
    ]);
    expect(await resources.close(1_000)).toBe(true);
    expect(closed).toEqual(['server']);
  });

  it('goes on after one that cannot be closed, names it and says that it was not clean', async () => {
    const { resources, push, closed, logger } = create();
    push('database');
    push('broken', () => Promise.reject(new Error('stuck')));
    resources.push('throwing', () => {
      throw new Error('at once');
    });
    expect(await resources.close(1_000)).toBe(false);
    expect(closed).toEqual(['database']);
    const errors = logger.lines.filter(({ level }) => level === 'error');
    expect(errors.map(({ fields }) => 'resource' in fields && fields.resource)).toEqual([
      'throwing',
      'broken',
    ]);
  });

  it('stops waiting at the deadline', async () => {
    const { resources, push, logger } = create();
    push('stuck', () => NEVER);
    expect(await resources.close(20)).toBe(false);
    expect(logger.lines).toEqual([
      expect.objectContaining({ level: 'error', fields: { deadlineMs: 20 } }),
    ]);
  });

  it('also closes what was opened while it closed', async () => {
    const { resources, push, closed } = create();
    push('server', () => push('late'));
    await resources.close(1_000);
    expect(closed).toEqual(['server', 'late']);
  });

  it('of nothing is closed at once', async () => {
    expect(await create().resources.close(1_000)).toBe(true);
  });

  it('tells its listeners of the deadline before anything is closed, and goes on after one that fails', async () => {
    const { resources, push, closed, logger } = create();
    push('part');
    const told: [number, number][] = [];
    resources.onClosing(() => Promise.reject(new Error('no disk')));
    resources.onClosing((deadlineMs) => void told.push([deadlineMs, closed.length]));
    expect(await resources.close(1_000)).toBe(true);
    expect([told, closed]).toEqual([[[1_000, 0]], ['part']]);
    expect(logger.lines).toContainEqual(expect.objectContaining({ level: 'error' }));
  });
});
