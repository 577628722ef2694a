import type { StatusEvent } from '../../src/documents/document.js';
import { createReclaimExpiredLeases } from '../../src/documents/reclaim-expired-leases.js';
import { makeChange } from '../support/make-document.js';

it('reclaims expired leases only, notifies of the changes and reports no more work', async () => {
  const event = makeChange();
  const calls: object[] = [];
  const notified: StatusEvent[] = [];
  const reclaim = createReclaimExpiredLeases({
    store: {
      reclaimExpiredLeases: async (options) => {
        calls.push(options);
        return [event];
      },
    },
    notifyCommitted: (events) => void notified.push(...events),
  });
  expect(await reclaim()).toBe(false);
  expect(calls).toEqual([{ all: false }]);
  expect(notified).toEqual([event]);
});
