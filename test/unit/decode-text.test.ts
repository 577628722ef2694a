import {
  createByteCounter,
  eightBitEncoding,
  guessText,
  isCleanAscii,
  utf16Encoding,
} from '../../src/extraction/text-encoding.js';

function count(...buffers: Uint8Array[]) {
  const counter = createByteCounter();
  for (const buffer of buffers) counter.push(buffer);
  return counter.statistics();
}

describe('the byte counter', () => {
  it('counts a sequence once, also across two buffers', () => {
    const bytes = Buffer.from('a€b');
    expect(count(bytes.subarray(0, 2), bytes.subarray(2))).toMatchObject({
      bytes: 5,
      high: 3,
      sequences: 1,
      invalid: 0,
    });
  });

  it('counts each byte of a broken sequence as invalid, and starts again at the byte that breaks it', () => {
    expect(count(Buffer.from([0xe2, 0x82, 0x41, 0xc3, 0xa9]))).toMatchObject({
      sequences: 1,
      invalid: 2,
    });
  });

  it('does not count an incomplete sequence at the end as invalid', () => {
    expect(count(Buffer.from([0x41, 0xe2, 0x82]))).toMatchObject({ sequences: 0, invalid: 0 });
  });

  it('counts a lone surrogate as a sequence, so that the text stays UTF-8', () => {
    expect(count(Buffer.from([0xed, 0xa0, 0x80]))).toMatchObject({ sequences: 1, invalid: 0 });
  });

  it('counts NUL and other controls separately, and neither line ends nor tabs', () => {
    expect(count(Buffer.from('\0\0\x01\x7f\t\r\n'))).toMatchObject({ nuls: 2, controls: 2 });
  });
});

describe('eightBitEncoding', () => {
  it('returns UTF-8 if all sequences are valid', () => {
    expect(eightBitEncoding(count(Buffer.from('naïve café')))).toBe('utf-8');
  });

  it('returns UTF-8 despite one invalid byte', () => {
    expect(
      eightBitEncoding(count(Buffer.concat([Buffer.from('naïve café '), Buffer.from([0xff])]))),
    ).toBe('utf-8');
  });

  it('returns windows-1252 if no sequence is valid', () => {
    expect(eightBitEncoding(count(Buffer.from('naïve café', 'latin1')))).toBe('windows-1252');
  });
});

describe('utf16Encoding', () => {
  it.each([
    ['a byte order mark', Buffer.from('\ufeff漢字', 'utf16le'), 'utf-16le'],
    ['the zero bytes of Latin letters', Buffer.from('plain letters', 'utf16le'), 'utf-16le'],
    [
      'the zero bytes of Latin letters, high byte first',
      Buffer.from('plain letters', 'utf16le').swap16(),
      'utf-16be',
    ],
    ['neither, for eight-bit text', Buffer.from('plain letters'), null],
  ])('detects UTF-16 by %s', (_, bytes, encoding) => {
    expect(utf16Encoding(bytes)).toBe(encoding);
  });
});

describe('guessText', () => {
  it('returns text that is not clean for a few NUL bytes', () => {
    expect(guessText(Buffer.from('one\0two\0three and some more words'))).toEqual({
      encoding: 'utf-8',
      isClean: false,
    });
  });

  it('returns null for bytes that are mostly NUL', () => {
    expect(guessText(Buffer.concat([Buffer.from('ab'), Buffer.alloc(30)]))).toBeNull();
  });

  it('returns null for binary bytes that start with a byte order mark', () => {
    expect(guessText(Buffer.from([0xff, 0xfe, 1, 0, 2, 0, 3, 0, 4, 0]))).toBeNull();
  });
});

describe('isCleanAscii', () => {
  const isText = (byte: number) =>
    (byte >= 0x20 && byte < 0x7f) || [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b].includes(byte);

  it.each([0, 1, 2, 3])('checks every byte at every index, %i bytes into a word', (into) => {
    const wrong: number[][] = [];
    for (let length = 1; length <= 11; length += 1) {
      for (let index = 0; index < length; index += 1) {
        for (let byte = 0; byte < 256; byte += 1) {
          const bytes = new Uint8Array(16).fill(0x7e).subarray(into, into + length);
          bytes[index] = byte;
          if (isCleanAscii(bytes) !== isText(byte)) wrong.push([length, index, byte]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('returns false for no bytes', () => {
    expect(isCleanAscii(new Uint8Array(0))).toBe(false);
  });
});
