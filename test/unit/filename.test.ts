import { toSafeFilename } from '../../src/documents/filename.js';

describe('the name of an uploaded file', () => {
  it.each([
    ['notes.txt', 'notes.txt'],
    ['Größe 漢字 😀.pdf', 'Größe 漢字 😀.pdf'],
    ['  spaced  .txt ', 'spaced  .txt'],
    ['a"b\'c;d.txt', 'a"b\'c;d.txt'],
    ['.gitignore', '.gitignore'],
  ])('keeps the visible characters of %j', (name, shown) => {
    expect(toSafeFilename(name)).toBe(shown);
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\ann\\notes.txt', 'notes.txt'],
    ['/absolute/notes.txt', 'notes.txt'],
    ['mixed\\and/notes.txt', 'notes.txt'],
  ])('removes the path of %j', (name, shown) => {
    expect(toSafeFilename(name)).toBe(shown);
  });

  it.each([
    ['a\0b.txt', 'ab.txt'],
    ['a\r\nSet-Cookie: x.txt', 'aSet-Cookie: x.txt'],
    ['tab\there\u007f\u0085.txt', 'tabhere.txt'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['\ufeffa\u2066b\u2069\u200f.txt', 'ab.txt'],
    ['line\u2028break.txt', 'linebreak.txt'],
  ])('removes misleading characters and line ends from %j', (name, shown) => {
    expect(toSafeFilename(name)).toBe(shown);
  });

  it.each(['', '   ', '.', '..', '...', 'folder/', '\0\u202e', '\\'])(
    'replaces %j, which is empty',
    (name) => {
      expect(toSafeFilename(name)).toBe('document');
    },
  );

  it('replaces half a surrogate pair', () => {
    expect(toSafeFilename('a\ud800.txt')).toBe('a\ufffd.txt');
  });

  it('has at most 200 characters and keeps its extension', () => {
    const name = toSafeFilename(`${'😀'.repeat(300)}.markdown`);
    expect([...name]).toHaveLength(200);
    expect(name.endsWith('😀.markdown')).toBe(true);
    expect(name.isWellFormed()).toBe(true);
  });

  it('is shortened above 200 characters', () => {
    expect(toSafeFilename('a'.repeat(200))).toBe('a'.repeat(200));
    expect(toSafeFilename('a'.repeat(201))).toBe('a'.repeat(200));
  });

  it('is shortened if it is one long extension', () => {
    expect([...toSafeFilename(`.${'e'.repeat(400)}`)]).toHaveLength(200);
  });
});
