/**
 * How often a request reads histories: once for each part that it names, however many documents are
 * around it.
 */
import type { Services } from '../../src/api/graphql/context.js';
import { createContext } from '../../src/api/graphql/create-context.js';
import { makeChange } from '../support/make-document.js';

const contextOf = (services: Services) =>
  createContext(
    services,
    { viewer: null, rejection: null },
    { signal: new AbortController().signal },
  );

function openLoaders() {
  const reads: { ids: readonly string[]; after: number; first: number }[] = [];
  const eventsOfMany: Services['store']['eventsOfMany'] = async (ids, after, first) => {
    reads.push({ ids, after, first });
    return new Map(ids.map((id) => [id, [makeChange({ id, seq: after + 1 })]]));
  };
  const services = { store: { eventsOfMany } } as unknown as Services;
  return { reads, loaders: contextOf(services).loaders };
}

const IDS = Array.from({ length: 100 }, (_, index) => `document-${index}`);

describe('the events loader', () => {
  it('reads the events of all documents with one statement', async () => {
    const { reads, loaders } = openLoaders();
    const histories = await Promise.all(
      IDS.map((documentId) => loaders.events.load({ documentId, after: 0, first: 50 })),
    );
    expect(reads).toEqual([{ ids: IDS, after: 0, first: 50 }]);
    expect(histories.map(([event]) => event?.documentId)).toEqual(IDS);
  });

  it('reads each requested page with one statement, and returns to each document its page', async () => {
    const { reads, loaders } = openLoaders();
    const parts = [
      { after: 0, first: 50 },
      { after: 7, first: 50 },
      { after: 7, first: 5 },
    ];
    const histories = await Promise.all(
      parts.flatMap((part) =>
        IDS.map(async (documentId) => (await loaders.events.load({ documentId, ...part }))[0]?.seq),
      ),
    );
    expect(reads.map(({ ids, ...part }) => ({ ...part, count: ids.length }))).toEqual(
      parts.map((part) => ({ ...part, count: 100 })),
    );
    expect(histories).toEqual(parts.flatMap(({ after }) => IDS.map(() => after + 1)));
  });

  it('returns no events for a deleted document', async () => {
    const services = { store: { eventsOfMany: async () => new Map() } } as unknown as Services;
    expect(
      await contextOf(services).loaders.events.load({ documentId: 'gone', after: 0, first: 5 }),
    ).toEqual([]);
  });
});
