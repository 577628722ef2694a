/** No address, setting or response may throw while the page renders. */
import fc from 'fast-check';
import { errorHelp } from '../../web/src/api/error-help.js';
import { rowErrorHelp } from '../../web/src/documents/document-row.js';
import { createDevIdentity } from '../../web/src/sign-in/dev-identity.js';
import { formatAgo, formatDateTime } from '../../web/src/ui/format.js';
import { toHash, parseRoute } from '../../web/src/ui/route.js';
import { openStorage } from '../../web/src/ui/storage.js';

const INHERITED = ['constructor', 'toString', 'valueOf', '__proto__', 'hasOwnProperty'];
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('%', 'E', '0', '/', '#', 'd', '\ud800') }),
);

describe('the address', () => {
  it.each(['#/documents/%E0%A4', '#/documents/%', '#/documents/%ff', '#/search/%C0%AF'])(
    'names no document: %s',
    (hash) => {
      expect(parseRoute(hash).documentId).toBeNull();
    },
  );

  it('names a view and at most one document, whatever it contains', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const route = parseRoute(`#/documents/${text}`);
        expect(route).toMatchObject({ view: 'documents' });
        expect(parseRoute(toHash(route))).toEqual(route);
        expect(['documents', 'search']).toContain(parseRoute(text).view);
      }),
    );
  });

  it('accepts any id', () => {
    fc.assert(
      fc.property(anyText, (id) =>
        toHash({ view: 'search', documentId: id }).startsWith('#/search/'),
      ),
    );
  });
});

describe('the stored settings', () => {
  const forbid = () => {
    throw new DOMException('The storage is forbidden.', 'SecurityError');
  };
  const FULL = { getItem: () => null, setItem: forbid, removeItem: forbid };

  it.each([
    ['cannot be accessed', forbid],
    ['cannot be read or written', () => ({ getItem: forbid, setItem: forbid, removeItem: forbid })],
    ['is full', () => FULL],
  ])('last until the page is closed if the storage %s', (_, open) => {
    const storage = openStorage(open);
    expect(storage.getItem('name')).toBeNull();
    storage.setItem('name', 'ada');
    expect(storage.getItem('name')).toBe('ada');
    storage.removeItem('name');
    expect(storage.getItem('name')).toBeNull();
  });

  it('sign nobody in if the stored name is invalid', () => {
    fc.assert(
      fc.property(anyText, (stored) => {
        const user = createDevIdentity({ ...FULL, getItem: () => stored }).user();
        return user === null || /^[\w-]{1,64}$/.test(user.name);
      }),
    );
  });
});

describe('a response of the server', () => {
  it.each(INHERITED)('has an unknown code: "%s"', (code) => {
    expect(errorHelp(code)).toEqual(errorHelp('SOMETHING_NEW'));
    const error = { code: 'ATTEMPTS_EXHAUSTED', cause: code, message: '', retryable: false };
    expect(rowErrorHelp(error, true).title).toMatch(/an unknown error occurred$/);
  });

  it('keeps the text of an invalid time', () => {
    expect(formatDateTime('yesterday')).toBe('yesterday');
    fc.assert(
      fc.property(
        anyText,
        (text) =>
          typeof formatDateTime(text) === 'string' && typeof formatAgo(text, 0) === 'string',
      ),
    );
  });
});
