/**
 * What the page reads from addresses, settings and answers: nothing of it may throw while something
 * is shown.
 */
import fc from 'fast-check';
import { errorHelp } from '../../web/src/api/error-help.js';
import { rowErrorHelp } from '../../web/src/documents/document-row.js';
import { formatAgo, formatDateTime } from '../../web/src/ui/format.js';
import { hashOf, parseRoute } from '../../web/src/ui/route.js';
import { openStorage } from '../../web/src/ui/storage.js';
import { createDevIdentity } from '../../web/src/sign-in/dev-identity.js';

const INHERITED = ['constructor', 'toString', 'valueOf', '__proto__', 'hasOwnProperty'];
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('%', 'E', '0', '/', '#', 'd', '\ud800') }),
);

describe('an address', () => {
  it.each(['#/documents/%E0%A4', '#/documents/%', '#/documents/%ff', '#/search/%C0%AF'])(
    '%s counts as one without a document',
    (hash) => {
      expect(parseRoute(hash).documentId).toBeNull();
    },
  );

  it('is a view and at most one document, whatever it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const route = parseRoute(`#/documents/${text}`);
        expect(route).toMatchObject({ view: 'documents' });
        expect(parseRoute(hashOf(route))).toEqual(route);
        expect(['documents', 'search']).toContain(parseRoute(text).view);
      }),
    );
  });

  it('can be made for any id', () => {
    fc.assert(
      fc.property(anyText, (id) =>
        hashOf({ view: 'search', documentId: id }).startsWith('#/search/'),
      ),
    );
  });
});

describe('a stored setting', () => {
  const refuse = () => {
    throw new DOMException('The storage is refused.', 'SecurityError');
  };
  const FULL = { getItem: () => null, setItem: refuse, removeItem: refuse };

  it.each([
    ['cannot be named', refuse],
    ['cannot be read or written', () => ({ getItem: refuse, setItem: refuse, removeItem: refuse })],
    ['is full', () => FULL],
  ])('lasts until the page is left when the storage %s', (_, open) => {
    const storage = openStorage(open);
    expect(storage.getItem('name')).toBeNull();
    storage.setItem('name', 'ada');
    expect(storage.getItem('name')).toBe('ada');
    storage.removeItem('name');
    expect(storage.getItem('name')).toBeNull();
  });

  it('signs nobody in when it is no name', () => {
    fc.assert(
      fc.property(anyText, (stored) => {
        const user = createDevIdentity({ ...FULL, getItem: () => stored }).user();
        return user === null || /^[\w-]{1,64}$/.test(user.name);
      }),
    );
  });
});

describe('an answer of the server', () => {
  it.each(INHERITED)('with the code "%s" is one that the page does not know', (code) => {
    expect(errorHelp(code)).toEqual(errorHelp('SOMETHING_NEW'));
    const error = { code: 'ATTEMPTS_EXHAUSTED', cause: code, message: '', retryable: false };
    expect(rowErrorHelp(error, true).title).toMatch(/an unknown error occurred$/);
  });

  it('with a time that is none is shown as it came', () => {
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
