import { readFileSync } from 'node:fs';
import { toProblem } from '../../web/src/api/problem.js';
import { parsePageConfig } from '../../web/src/config/page-config.js';
import { countGroups, matches, toDocumentFilter } from '../../web/src/documents/filter.js';
import { createRefresher } from '../../web/src/documents/refresher.js';
import { toSegments } from '../../web/src/search/highlights.js';
import { createDevIdentity } from '../../web/src/sign-in/dev-identity.js';
import { formatBytes, formatDuration, formatLimit } from '../../web/src/ui/format.js';
import { toHash, parseRoute } from '../../web/src/ui/route.js';

describe('a problem of the page', () => {
  it('gives a request without a response a code of its own', () => {
    expect(toProblem(new TypeError('Failed to fetch')).code).toBe('NO_RESPONSE');
  });
});

describe('the filter of the list', () => {
  it('sends no filter if nothing is filtered', () => {
    expect(toDocumentFilter({ group: 'all', filename: '  ' })).toBeNull();
    expect(toDocumentFilter({ group: 'active', filename: ' bee ' })).toEqual({
      status: ['PENDING', 'EXTRACTING', 'VECTORIZING'],
      filename: 'bee',
    });
  });

  it('matches a part of the file name without regard to case, as the server does', () => {
    expect(
      matches(
        { status: 'COMPLETED', filename: 'The Bees.PDF' },
        { group: 'completed', filename: 'bees.p' },
      ),
    ).toBe(true);
    expect(
      matches({ status: 'FAILED', filename: 'The Bees.PDF' }, { group: 'completed', filename: '' }),
    ).toBe(false);
  });

  it('counts each group, and every document in “All”', () => {
    const counts = countGroups([
      { status: 'PENDING', count: 2 },
      { status: 'VECTORIZING', count: 1 },
      { status: 'FAILED', count: 4 },
    ]);
    expect(counts).toEqual({ all: 7, active: 3, completed: 0, failed: 4, cancelled: 0 });
  });
});

describe('a passage', () => {
  it('splits a passage at its highlights without losing a character', () => {
    const text = 'bees and more bees';
    const segments = toSegments(text, [
      { start: 14, end: 99 },
      { start: 0, end: 4 },
      { start: 2, end: 8 },
      { start: 5, end: 5 },
    ]);
    expect(segments.map((segment) => segment.text).join('')).toBe(text);
    expect(segments.filter(({ isMatch }) => isMatch).map((segment) => segment.text)).toEqual([
      'bees',
      ' and',
      'bees',
    ]);
  });
});

describe('the formats', () => {
  it('formats sizes and times at every scale', () => {
    expect([0, 999, 1000, 8_120, 182_334, 104_857_600].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1 kB',
      '8.1 kB',
      '182 kB',
      '105 MB',
    ]);
    expect(formatLimit(104_857_600)).toBe('100\u00a0MiB');
    expect([0, 640, 12_400, 125_000, 3_720_000].map(formatDuration)).toEqual([
      'under 0.1 s',
      '0.6 s',
      '12 s',
      '2 min 05 s',
      '1 h 02 min',
    ]);
  });
});

describe('the route', () => {
  it('reads the address that it wrote for a view and a document', () => {
    expect(parseRoute('')).toEqual({ view: 'documents', documentId: null });
    expect(parseRoute(toHash({ view: 'search', documentId: 'a/b' }))).toEqual({
      view: 'search',
      documentId: 'a/b',
    });
  });
});

describe('the dev identity', () => {
  it('rejects a dev name that the server would reject, and stores none', () => {
    const stored = new Map<string, string>();
    const identity = createDevIdentity({
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
      removeItem: (key) => void stored.delete(key),
    });
    expect(() => identity.signIn('no spaces')).toThrow(RangeError);
    identity.signIn('ada');
    expect(stored.size).toBe(1);
    identity.signOut('because');
    expect([identity.user(), identity.signOutReason(), stored.size]).toEqual([null, 'because', 0]);
  });
});

describe('the configuration of the page', () => {
  it('rejects a configuration without an identity, but not one without limits', () => {
    expect(() => parsePageConfig({})).toThrow('/config.json');
    expect(parsePageConfig({ identity: { kind: 'dev' } })).toEqual({
      identity: { kind: 'dev' },
      maxUploadBytes: null,
    });
  });
});

describe('the refresher', () => {
  it('sends one request at a time, and one more after the last event', async () => {
    const responses: PromiseWithResolvers<void>[] = [];
    const refresher = createRefresher(() => {
      const response = Promise.withResolvers<void>();
      responses.push(response);
      return response.promise;
    }, 0);
    const requestsSent = async (count: number) => {
      while (responses.length < count) await new Promise((resolve) => setImmediate(resolve));
    };
    for (let events = 0; events < 5; events++) refresher.request();
    await requestsSent(1);
    for (let events = 0; events < 5; events++) refresher.request();
    expect(responses).toHaveLength(1);
    responses[0]?.resolve();
    await requestsSent(2);
    responses[1]?.resolve();
    refresher.stop();
    expect(responses).toHaveLength(2);
  });
});

describe('the HTML of the page', () => {
  it('loads nothing from other servers', () => {
    const pages = ['index.html', 'playground.html'].map((name) =>
      readFileSync(new URL(`../../web/${name}`, import.meta.url), 'utf8'),
    );
    expect(pages.join('').match(/https?:\/\//g)).toBeNull();
  });
});
