import {
  createByteCounter,
  eightBitEncoding,
  guessText,
  isCleanAscii,
  utf16Encoding,
} from '../../src/extraction/text-encoding.js';

function count(...pieces: Uint8Array[]) {
  const counter = createByteCounter();
  for (const piece of pieces) counter.push(piece);
  return counter.statistics();
}

describe('bytes are counted as UTF-8', () => {
  it('a sequence counts once, also when it arrives in two pieces', () => {
    const bytes = Buffer.from('a€b');
    expect(count(bytes.subarray(0, 2), bytes.subarray(2))).toMatchObject({
      bytes: 5,
      high: 3,
      sequences: 1,
      invalid: 0,
    });
  });

  it('every byte of a broken sequence is invalid, and the byte that breaks it is read anew', () => {
    expect(count(Buffer.from([0xe2, 0x82, 0x41, 0xc3, 0xa9]))).toMatchObject({
      sequences: 1,
      invalid: 2,
    });
  });

  it('a sequence that the end cuts off is not invalid', () => {
    expect(count(Buffer.from([0x41, 0xe2, 0x82]))).toMatchObject({ sequences: 0, invalid: 0 });
  });

  it('a lone surrogate is a sequence: it does not make a UTF-8 text another encoding', () => {
    expect(count(Buffer.from([0xed, 0xa0, 0x80]))).toMatchObject({ sequences: 1, invalid: 0 });
  });

  it('NUL and other controls are counted apart, line ends and tabs are neither', () => {
    expect(count(Buffer.from('\0\0\x01\x7f\t\r\n'))).toMatchObject({ nuls: 2, controls: 2 });
  });
});

describe('the encoding of eight-bit text', () => {
  it('is UTF-8 when everything fits', () => {
    expect(eightBitEncoding(count(Buffer.from('naïve café')))).toBe('utf-8');
  });

  it('stays UTF-8 with one damaged place', () => {
    expect(
      eightBitEncoding(count(Buffer.concat([Buffer.from('naïve café '), Buffer.from([0xff])]))),
    ).toBe('utf-8');
  });

  it('is windows-1252 when nothing fits', () => {
    expect(eightBitEncoding(count(Buffer.from('naïve café', 'latin1')))).toBe('windows-1252');
  });
});

describe('UTF-16', () => {
  it.each([
    ['a byte order mark', Buffer.from('\ufeff漢字', 'utf16le'), 'utf-16le'],
    ['the zero bytes of Latin letters', Buffer.from('plain letters', 'utf16le'), 'utf-16le'],
    [
      'the zero bytes of Latin letters, high byte first',
      Buffer.from('plain letters', 'utf16le').swap16(),
      'utf-16be',
    ],
    ['nothing, when there is nothing', Buffer.from('plain letters'), null],
  ])('is told by %s', (_, bytes, encoding) => {
    expect(utf16Encoding(bytes)).toBe(encoding);
  });
});

describe('what is text', () => {
  it('a few NUL bytes leave it text, though not clean', () => {
    expect(guessText(Buffer.from('one\0two\0three and some more words'))).toEqual({
      encoding: 'utf-8',
      clean: false,
    });
  });

  it('mostly NUL bytes are no text', () => {
    expect(guessText(Buffer.concat([Buffer.from('ab'), Buffer.alloc(30)]))).toBeNull();
  });

  it('bytes with a byte order mark by chance are no text', () => {
    expect(guessText(Buffer.from([0xff, 0xfe, 1, 0, 2, 0, 3, 0, 4, 0]))).toBeNull();
  });
});

describe('clean ASCII', () => {
  const isText = (byte: number) =>
    (byte >= 0x20 && byte < 0x7f) || [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1b].includes(byte);

  it.each([0, 1, 2, 3])('every byte is seen at every place, %i bytes into a word', (into) => {
    const wrong: number[][] = [];
    for (let length = 1; length <= 11; length += 1) {
      for (let place = 0; place < length; place += 1) {
        for (let byte = 0; byte < 256; byte += 1) {
          const bytes = new Uint8Array(16).fill(0x7e).subarray(into, into + length);
          bytes[place] = byte;
          if (isCleanAscii(bytes) !== isText(byte)) wrong.push([length, place, byte]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('nothing is not text', () => {
    expect(isCleanAscii(new Uint8Array(0))).toBe(false);
  });
});
