import { createResourceStack } from '../../src/runtime/resource-stack.js';
import { makeLogger } from '../support/make-logger.js';

const NEVER = new Promise<void>(() => undefined);

function create() {
  const logger = makeLogger();
  const closed: string[] = [];
  const resources = createResourceStack(logger);
  const push = (name: string, close: () => Promise<void> | void = () => undefined) =>
    resources.push(name, async () => {
      await close();
      closed.push(name);
    });
  return { resources, push, closed, logger };
}

describe('the stack of open resources', () => {
  it('closes resources newest first, one after the other', async () => {
    const { resources, push, closed } = create();
    push('database', () => new Promise(setImmediate));
    push('server', () => new Promise(setImmediate));
    push('hub');
    expect(await resources.close(1_000)).toBe(true);
    expect(closed).toEqual(['hub', 'server', 'database']);
  });

  it('closes once, however often close is called', async () => {
    const { resources, push, closed } = create();
    push('server', () => new Promise(setImmediate));
    expect(await Promise.all([resources.close(1_000), resources.close(1_000)])).toEqual([
      true,
      true,
    ]);
    expect(await resources.close(1_000)).toBe(true);
    expect(closed).toEqual(['server']);
  });

  it('continues after a resource that fails to close, logs its name and returns false', async () => {
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

  it('closes resources that are added while it closes', async () => {
    const { resources, push, closed } = create();
    push('server', () => push('late'));
    await resources.close(1_000);
    expect(closed).toEqual(['server', 'late']);
  });

  it('closes at once if it is empty', async () => {
    expect(await create().resources.close(1_000)).toBe(true);
  });

  it('passes the deadline to its listeners before it closes, and continues after one that fails', async () => {
    const { resources, push, closed, logger } = create();
    push('part');
    const notified: [number, number][] = [];
    resources.onClosing(() => Promise.reject(new Error('no disk')));
    resources.onClosing((deadlineMs) => void notified.push([deadlineMs, closed.length]));
    expect(await resources.close(1_000)).toBe(true);
    expect([notified, closed]).toEqual([[[1_000, 0]], ['part']]);
    expect(logger.lines).toContainEqual(expect.objectContaining({ level: 'error' }));
  });
});
