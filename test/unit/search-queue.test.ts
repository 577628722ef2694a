import { createSearchQueue } from '../../src/documents/search-queue.js';

const LIMITS = { maxRunning: 3, maxRunningPerUser: 2, maxWaitingPerUser: 2, maxWaiting: 4 };
const never = new AbortController().signal;

/** Returns a queue, and searches that run until a test ends them. */
function createHarness(limits = LIMITS) {
  const queue = createSearchQueue(limits);
  const running: { user: string; end: () => void; fail: (error: Error) => void }[] = [];
  const search = (user: string, signal = never) =>
    queue.run(user, signal, () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      running.push({ user, end: () => resolve(user), fail: reject });
      return promise;
    });
  return { search, running, users: () => running.map(({ user }) => user) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const codeOf = (error: unknown) => (error as { code: string }).code;

describe('the queue of searches', () => {
  it('limits the running searches of one user and of all users', async () => {
    const { search, users } = createHarness();
    for (const user of ['alice', 'alice', 'alice', 'bob', 'bob', 'carol']) void search(user);
    await settled();
    expect(users()).toEqual(['alice', 'alice', 'bob']);
  });

  it('starts waiting searches so that users take turns', async () => {
    const { search, running, users } = createHarness({
      ...LIMITS,
      maxRunning: 1,
      maxWaitingPerUser: 9,
      maxWaiting: 99,
    });
    for (const user of ['alice', 'alice', 'alice', 'alice', 'bob', 'carol']) void search(user);
    for (let index = 0; index < 6; index += 1) {
      await settled();
      running[index]?.end();
    }
    expect(users()).toEqual(['alice', 'alice', 'bob', 'carol', 'alice', 'alice']);
  });

  it('rejects a search above the waiting limit of its user, and no other user’s search', async () => {
    const { search, users } = createHarness();
    const first = Array.from({ length: 4 }, () => search('alice'));
    await expect(search('alice')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { limit: 4, retryAfterSeconds: expect.any(Number) as number },
    });
    void search('bob');
    await settled();
    expect([users(), first.length]).toEqual([['alice', 'alice', 'bob'], 4]);
  });

  it('rejects a search above the waiting limit of all users', async () => {
    const { search } = createHarness({ ...LIMITS, maxRunning: 1 });
    for (const user of ['alice', 'bob', 'carol', 'dave', 'erin']) void search(user);
    await expect(search('frank')).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { limit: 4 },
    });
  });

  it('never starts a search whose client has disconnected, and starts the next one', async () => {
    const { search, running, users } = createHarness({ ...LIMITS, maxRunning: 1 });
    const client = new AbortController();
    void search('alice');
    const left = search('bob', client.signal).catch((error: unknown) => error);
    void search('carol');
    client.abort('left');
    expect(await left).toBe('left');
    running[0]?.end();
    await settled();
    expect(users()).toEqual(['alice', 'carol']);
    await expect(search('dave', AbortSignal.abort('gone'))).rejects.toBe('gone');
  });

  it('keeps the slot of a started search until its work ends, although its client has disconnected', async () => {
    const { search, running, users } = createHarness({ ...LIMITS, maxRunning: 1 });
    const client = new AbortController();
    const left = search('alice', client.signal).catch((error: unknown) => error);
    void search('bob');
    await settled();
    client.abort('left');
    expect(await left).toBe('left');
    await settled();
    expect(users()).toEqual(['alice']);
    running[0]?.fail(new Error('too late for anybody'));
    await settled();
    expect(users()).toEqual(['alice', 'bob']);
  });

  it('frees the slot of a search that fails', async () => {
    const { search, running } = createHarness({ ...LIMITS, maxRunning: 1 });
    const failed = search('alice').catch((error: unknown) => error);
    const next = search('alice');
    await settled();
    running[0]?.fail(Object.assign(new Error('away'), { code: 'X' }));
    expect(codeOf(await failed)).toBe('X');
    await settled();
    running[1]?.end();
    expect(await next).toBe('alice');
  });
});
