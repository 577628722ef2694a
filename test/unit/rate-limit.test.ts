/** The limits on what clients hold and send at the same time. */
import fc from 'fast-check';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApiError } from '../../src/errors.js';
import { createAdmission } from '../../src/rate-limit/admission.js';
import { createQuota } from '../../src/rate-limit/quota.js';
import { createRequestRate } from '../../src/rate-limit/request-rate.js';

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'taken';
  } catch (error) {
    return error instanceof ApiError ? error.code : 'bug';
  }
}
const never = new AbortController().signal;

describe('a quota', () => {
  it('rejects a user above the limit, and no other user', () => {
    const quota = createQuota({ what: 'uploads', perUser: 2, total: 4 });
    const releases = [quota.take('ada'), quota.take('ada')];
    expect(codeOf(() => quota.take('ada'))).toBe('RATE_LIMITED');
    quota.take('eve');
    releases[0]?.();
    releases[0]?.();
    expect(quota.inUse()).toBe(2);
    expect(codeOf(() => quota.take('ada'))).toBe('taken');
    expect(codeOf(() => quota.take('ada'))).toBe('RATE_LIMITED');
  });

  it('rejects requests above the limit of the process with DEPENDENCY_UNAVAILABLE', () => {
    const quota = createQuota({ what: 'uploads', perUser: 2, total: 1 });
    quota.take('ada');
    expect(codeOf(() => quota.take('eve'))).toBe('DEPENDENCY_UNAVAILABLE');
  });

  it('is unused after every release, in any order and however often repeated', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('__proto__', 'constructor', 'ada', '')),
        fc.infiniteStream(fc.nat()),
        (users, picks) => {
          const quota = createQuota({ what: 'uploads', perUser: 3, total: 7 });
          const releases: (() => void)[] = [];
          for (const user of users) codeOf(() => releases.push(quota.take(user)));
          for (const release of releases.sort(() => ((picks.next().value as number) % 2) - 0.5)) {
            release();
            release();
          }
          expect(quota.inUse()).toBe(0);
        },
      ),
    );
  });
});

describe('a request rate', () => {
  it('admits a burst and then the rate, for each user', () => {
    let now = 0;
    const rate = createRequestRate({ perSecond: 10, burst: 20 }, () => now);
    for (let request = 0; request < 20; request += 1) rate.spend('ada');
    expect(codeOf(() => rate.spend('ada'))).toBe('RATE_LIMITED');
    expect(codeOf(() => rate.spend('eve'))).toBe('taken');
    now = 100;
    expect(codeOf(() => rate.spend('ada'))).toBe('taken');
    expect(codeOf(() => rate.spend('ada'))).toBe('RATE_LIMITED');
    now = 10_000;
    for (let request = 0; request < 20; request += 1)
      expect(codeOf(() => rate.spend('ada'))).toBe('taken');
  });
});

describe('admission', () => {
  it('lets owners take turns, however many requests of one owner wait', async () => {
    const admission = createAdmission({ running: 10, waiting: 100, totalWaiting: 200 });
    const order: string[] = [];
    const enter = async (owner: string) => {
      const leave = await admission.enter(owner, never);
      order.push(owner);
      leave();
    };
    await Promise.all([...Array.from({ length: 50 }, () => enter('eve')), enter('ada')]);
    expect(order.indexOf('ada')).toBeLessThan(3);
  });

  it('admits one request per turn of the event loop', async () => {
    const admission = createAdmission({ running: 100, waiting: 100, totalWaiting: 200 });
    let admitted = 0;
    const entered = Array.from({ length: 20 }, () =>
      admission.enter('ada', never).then(() => (admitted += 1)),
    );
    for (let turn = 0; turn < 10; turn += 1) {
      const before = admitted;
      await nextTurn();
      expect(admitted - before).toBeLessThanOrEqual(1);
    }
    await Promise.all(entered);
  });

  it('limits the running requests of one owner, and admits the next after a release', async () => {
    const admission = createAdmission({ running: 2, waiting: 100, totalWaiting: 200 });
    const leaves = [await admission.enter('eve', never), await admission.enter('eve', never)];
    let third = false;
    const waiting = admission.enter('eve', never).then((leave) => {
      third = true;
      return leave;
    });
    (await admission.enter('ada', never))();
    expect(third).toBe(false);
    leaves[0]?.();
    leaves[0]?.();
    (await waiting)();
    leaves[1]?.();
  });

  it('rejects requests above the waiting limit, and removes aborted ones', async () => {
    const admission = createAdmission({ running: 1, waiting: 1, totalWaiting: 2 });
    const leave = await admission.enter('eve', never);
    const gone = new AbortController();
    const waits = admission.enter('eve', gone.signal);
    await expect(admission.enter('eve', never)).rejects.toMatchObject({
      code: 'RATE_LIMITED',
      details: { limit: 1 },
    });
    gone.abort(new Error('the client left'));
    await expect(waits).rejects.toThrow('the client left');
    const again = admission.enter('eve', never);
    leave();
    (await again)();
  });
});
