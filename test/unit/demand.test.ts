import { createDeferredDemand } from '../../src/documents/demand.js';

it('returns 0 until a worker connects, and then what the worker returns', () => {
  const demand = createDeferredDemand();
  expect(demand.pendingDocuments()).toBe(0);
  let pending = 3;
  demand.connect({ pendingDocuments: () => pending });
  expect(demand.pendingDocuments()).toBe(3);
  pending = 5;
  expect(demand.pendingDocuments()).toBe(5);
});
