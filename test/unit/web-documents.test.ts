import { readFileSync } from 'node:fs';
import { toProblem } from '../../web/src/api/problem.js';
import { parsePageConfig } from '../../web/src/config/page-config.js';
import { countGroups, matches, toDocumentFilter } from '../../web/src/documents/filter.js';
import { formatBytes, formatDuration, formatLimit } from '../../web/src/ui/format.js';
import { createRefresher } from '../../web/src/documents/refresher.js';
import { hashOf, parseRoute } from '../../web/src/ui/route.js';
import { toSegments } from '../../web/src/search/highlights.js';
import { createDevIdentity } from '../../web/src/sign-in/dev-identity.js';

test('an answer that never came is a problem of its own', () => {
  expect(toProblem(new TypeError('Failed to fetch')).code).toBe('NO_RESPONSE');
});

test('a filter that filters nothing is none', () => {
  expect(toDocumentFilter({ group: 'all', filename: '  ' })).toBeNull();
  expect(toDocumentFilter({ group: 'active', filename: ' bee ' })).toEqual({
    status: ['PENDING', 'EXTRACTING', 'VECTORIZING'],
    filename: 'bee',
  });
});

test('a file name is matched as the server does: contains, in any case', () => {
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

test('counts are of groups, and all of them are in "All"', () => {
  const counts = countGroups([
    { status: 'PENDING', count: 2 },
    { status: 'VECTORIZING', count: 1 },
    { status: 'FAILED', count: 4 },
  ]);
  expect(counts).toEqual({ all: 7, active: 3, completed: 0, failed: 4, cancelled: 0 });
});

test('a passage is cut at its highlights without losing a character', () => {
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

test('sizes and times read well at every scale', () => {
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

test('an address leads to a view and to a document, and back', () => {
  expect(parseRoute('')).toEqual({ view: 'documents', documentId: null });
  expect(parseRoute(hashOf({ view: 'search', documentId: 'a/b' }))).toEqual({
    view: 'search',
    documentId: 'a/b',
  });
});

test('a dev name that the server would refuse is refused before it is stored', () => {
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

test('a configuration without an identity is refused, one without limits is not', () => {
  expect(() => parsePageConfig({})).toThrow('/config.json');
  expect(parsePageConfig({ identity: { kind: 'dev' } })).toEqual({
    identity: { kind: 'dev' },
    maxUploadBytes: null,
  });
});

test('however many events come, one question is under way, and the last event is followed by one more', async () => {
  const answers: PromiseWithResolvers<void>[] = [];
  const refresher = createRefresher(() => {
    const answer = Promise.withResolvers<void>();
    answers.push(answer);
    return answer.promise;
  }, 0);
  const asked = async (count: number) => {
    while (answers.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  for (let events = 0; events < 5; events++) refresher.request();
  await asked(1);
  for (let events = 0; events < 5; events++) refresher.request();
  expect(answers).toHaveLength(1);
  answers[0]?.resolve();
  await asked(2);
  answers[1]?.resolve();
  refresher.stop();
  expect(answers).toHaveLength(2);
});

test('the page asks for nothing outside of its own server', () => {
  const pages = ['index.html', 'playground.html'].map((name) =>
    readFileSync(new URL(`../../web/${name}`, import.meta.url), 'utf8'),
  );
  expect(pages.join('').match(/https?:\/\//g)).toBeNull();
});
