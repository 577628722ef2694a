import fc from 'fast-check';
import { createFairQueue, type FairQueue } from '../../src/documents/fair-queue.js';

interface Item {
  userId: string;
  documentId?: string;
  number: number;
}

const users = fc.constantFrom('alice', 'bob', 'carol', 'dave');
const documents = fc.constantFrom('d1', 'd2', 'd3');
const owners = fc.record({ userId: users, documentId: documents });

function fill(all: readonly Omit<Item, 'number'>[]): FairQueue<Item> {
  const queue = createFairQueue<Item>();
  for (const [number, owner] of all.entries()) queue.add(owner, { ...owner, number });
  return queue;
}

const many = (count: number, userId: string) => Array.from({ length: count }, () => ({ userId }));

function drain(queue: FairQueue<Item>): Item[] {
  const taken: Item[] = [];
  for (let item = queue.next(); item; item = queue.next()) {
    queue.delete(item);
    taken.push(item);
  }
  return taken;
}

describe('a fair queue', () => {
  it('returns every item once, and those of one owner in their order', () => {
    fc.assert(
      fc.property(fc.array(owners, { maxLength: 60 }), (all) => {
        const taken = drain(fill(all));
        expect(taken.map(({ number }) => number).sort((a, b) => a - b)).toEqual(
          all.map((_, index) => index),
        );
        for (const [index, item] of taken.entries()) {
          const earlier = taken
            .slice(0, index)
            .filter(
              (other) => other.userId === item.userId && other.documentId === item.documentId,
            );
          expect(earlier.every(({ number }) => number < item.number)).toBe(true);
        }
      }),
    );
  });

  it('serves no user twice before every waiting user was served', () => {
    fc.assert(
      fc.property(fc.array(owners, { maxLength: 60 }), (all) => {
        const queue = fill(all);
        const served = new Map<string, number>();
        for (let item = queue.next(); item; item = queue.next()) {
          queue.delete(item);
          const turns = (served.get(item.userId) ?? 0) + 1;
          served.set(item.userId, turns);
          const waiting = ['alice', 'bob', 'carol', 'dave'].filter(
            (user) => queue.sizeOf(user) > 0,
          );
          for (const user of waiting)
            expect(served.get(user) ?? 0).toBeGreaterThanOrEqual(turns - 1);
        }
      }),
    );
  });

  it('serves a new user after one item of each other user, however many items they have', () => {
    const queue = fill([...many(1_000, 'alice'), ...many(500, 'bob')]);
    queue.add({ userId: 'carol' }, { userId: 'carol', number: -1 });
    expect(
      drain(queue)
        .slice(0, 3)
        .map(({ userId }) => userId),
    ).toEqual(['alice', 'bob', 'carol']);
  });

  it('lets a small document overtake a large one of the same user', () => {
    const large = Array.from({ length: 100 }, () => ({ userId: 'alice', documentId: 'large' }));
    const taken = drain(fill([...large, { userId: 'alice', documentId: 'small' }]));
    expect(taken.findIndex(({ documentId }) => documentId === 'small')).toBe(1);
  });

  it('skips users who are not eligible, and keeps their turn', () => {
    const queue = fill([{ userId: 'alice' }, { userId: 'bob' }, { userId: 'carol' }]);
    expect(queue.next((userId) => userId !== 'alice')?.userId).toBe('bob');
    expect(queue.next()?.userId).toBe('alice');
    expect(queue.next(() => false)).toBeUndefined();
  });

  it('counts waiting items, and not deleted ones', () => {
    fc.assert(
      fc.property(
        fc.array(owners, { maxLength: 40 }),
        fc.infiniteStream(fc.boolean()),
        (all, isDeleted) => {
          const queue = fill(all);
          for (const item of queue.items())
            if (isDeleted.next().value)
              expect([queue.delete(item), queue.delete(item)]).toEqual([true, false]);
          const left = queue.items();
          expect(queue.size).toBe(left.length);
          for (const user of ['alice', 'bob', 'carol', 'dave']) {
            expect(queue.sizeOf(user)).toBe(left.filter(({ userId }) => userId === user).length);
          }
          expect(new Set(drain(queue))).toEqual(new Set(left));
        },
      ),
    );
  });
});
