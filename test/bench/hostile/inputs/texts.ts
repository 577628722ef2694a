/** Texts that are costly to recognise, decode or cut into passages. */
import { ofKind, type HostileInput } from '../input.js';
import { uploadFile, type HostileFile } from '../requests.js';

const MB = 1_000_000;

export const textInputs: HostileInput[] = [
  ...ofKind('recognition', 'DOOR-02', {
    'comments-40.txt': upload('comments-40.txt', '<!---->'.repeat(40) + 'x'),
    'comments-300.svg': upload(
      'drawing.svg',
      '<?xml version="1.0"?>\n' + '<!-- a -->\n'.repeat(300) + '<svg/>',
    ),
    'comments-900.xml': upload('data.xml', '<!-- -->  '.repeat(900) + '<data>x</data>'),
    'comments-of-dashes.html': upload('page.html', '<!--' + '-->--!>--'.repeat(900) + '<html>'),
    'comments-never-closed.txt': upload('open.txt', '<!--'.repeat(16_000)),
    'comments-between-spaces.txt': upload('spaces.txt', `<!---->${' '.repeat(120)}`.repeat(64)),
    'declarations.txt': upload('declarations.txt', '<?xml '.repeat(11_000)),
    'declarations-closed.txt': upload('declarations.txt', '<?xml ?> '.repeat(900)),
    'doctypes.txt': upload('doctypes.txt', '<!doctype '.repeat(6_400)),
    'doctype-spaces.txt': upload('doctype.txt', '<!doctype' + ' '.repeat(64_000)),
    'leading-spaces.txt': upload('leading.txt', ' \t\r\n'.repeat(16_000) + '<x'),
    'rtf-groups.txt': upload('groups.txt', '{\\rt'.repeat(16_000)),
    'brackets.json': upload('deep.json', '['.repeat(MB)),
    'objects.json': upload('objects.json', '{"a":'.repeat(200_000)),
    'quotes.csv': upload('quotes.csv', '"'.repeat(64_000)),
    'commas.csv': upload('commas.csv', ','.repeat(MB)),
    'emphasis.md': upload('emphasis.md', '*_[`'.repeat(16_000)),
    'magic-numbers.txt': upload(
      'magic.txt',
      'PK\u0003\u0003BMMZID3GIF8\u007fELFOggSRIFF'.repeat(2_000),
    ),
  }),
  ...ofKind('recognition', 'DOOR-03', {
    'pdf-digits.txt': upload('pdf-digits.txt', 'x%PDF-1' + '1'.repeat(64_000)),
    'pdf-numbers.txt': upload('pdf-numbers.txt', 'x%PDF-1' + '1 '.repeat(32_000)),
    'pdf-pairs.txt': upload('pdf-pairs.txt', 'x%PDF-1 ' + '11111111 22222222 ob '.repeat(3_000)),
    'pdf-headers.txt': upload('pdf-headers.txt', '%PDF-'.repeat(13_000)),
    'byte-by-byte.txt': upload('byte-by-byte.txt', 'x%PDF-1' + '1'.repeat(16_000), {
      bufferBytes: 1,
    }),
  }),
  ...ofKind('filenames', 'DOOR-02', {
    'name-of-dots': upload('.'.repeat(12_000), 'dots'),
    'name-of-suffixes': upload('.a'.repeat(6_000), 'suffixes'),
    'name-of-slashes': upload('/\\'.repeat(6_000), 'slashes'),
    'name-of-spaces': upload(`a${' '.repeat(12_000)}b`, 'spaces'),
    'name-of-percents': upload('%E0%A4%'.repeat(1_500), 'percents'),
    'name-of-marks': upload(`e${'\u0301'.repeat(5_000)}.txt`, 'marks'),
  }),
  ...ofKind('passages', 'DOOR-20', {
    'spaces-90mb.txt': upload('spaces-90mb.txt', () => repeated(' ', 90, 'x')),
    'newlines-20mb.txt': upload('newlines-20mb.txt', () => repeated('\n', 20, 'x')),
    'mixed-spaces-20mb.txt': upload('mixed.txt', () => repeated('\u00a0\t \r', 5, 'x')),
    'one-word-30mb.txt': upload('one-word.txt', () => repeated('x', 30)),
    'sentences-30mb.txt': upload('dots.txt', () => repeated('. ', 15)),
    'marks-100kb.txt': upload('marks.txt', 'e' + '\u0301'.repeat(50_000)),
    'ligatures-60kb.txt': upload('ligatures.txt', '\ufdfa'.repeat(20_000)),
    'zero-width-90kb.txt': upload('zero-width.txt', '\u200b'.repeat(30_000)),
    'utf16-lone-halves.txt': upload(
      'halves.txt',
      Buffer.from('\ufeff' + '\ud800'.repeat(30_000), 'utf16le'),
    ),
    'nul-bytes-20mb.txt': upload('nul.txt', () => repeated('a\0', 10)),
  }),
];

function upload(
  name: string,
  content: HostileFile['content'],
  options: Partial<HostileFile> = {},
): HostileInput['send'] {
  return (target) => uploadFile(target, { name, content, ...options });
}

/** Yields one million repetitions of `text`, `millions` times, and then `end`. */
function* repeated(text: string, millions: number, end = ''): Iterable<Buffer> {
  const million = Buffer.from(text.repeat(MB));
  for (let count = 0; count < millions; count += 1) yield million;
  yield Buffer.from(end);
}
