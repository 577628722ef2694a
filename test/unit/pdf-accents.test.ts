import { composeAccents } from '../../src/extraction/readers/pdf-accents.js';
import type { TextItem } from '../../src/extraction/readers/pdf-lines.js';

/** In type of 10 points, where an accent is 5 wide. */
function item(str: string, left: number, right: number, y = 700): TextItem {
  return {
    str,
    dir: 'ltr',
    transform: [10, 0, 0, 10, left, y],
    width: right - left,
    height: 10,
    fontName: 'f1',
    hasEOL: false,
  };
}

function textOf(items: readonly TextItem[]): string {
  return composeAccents(items)
    .map(({ str }) => str)
    .join('');
}

describe('an accent and a letter', () => {
  it('become one letter if the letter is beneath the accent', () => {
    expect(textOf([item('Pel´', 100, 118), item('ee', 113, 122)])).toBe('Pelée');
  });

  it('become one letter for a capital, for a dotless letter and before another accent', () => {
    expect(textOf([item('´', 100, 105, 702.5), item('Elan', 99, 120)])).toBe('Élan');
    expect(textOf([item('na¨', 100, 118), item('ıve', 114, 128)])).toBe('naïve');
    expect(textOf([item('Dvoˇ', 100, 118), item('r´', 113, 122), item('ak', 117, 127)])).toBe(
      'Dvořák',
    );
  });

  it.each([
    ['the letter stands beside the accent', [item('f´', 100, 108), item('e', 108, 113)]],
    ['the letter is only kerned towards it', [item('f´', 100, 108), item('e', 106.5, 111)]],
    ['the letter begins another column or line', [item('f´', 300, 308), item('e', 100, 105)]],
    ['the letter is far above', [item('f´', 100, 108), item('e', 103, 108, 712)]],
    ['there is no such letter', [item('ˆ', 100, 105), item('x', 100, 105)]],
    ['a space follows', [item('´', 100, 105), item(' e', 100, 108)]],
  ])('stay as they are if %s', (_, items) => {
    expect(textOf(items)).toBe(items.map(({ str }) => str).join(''));
  });
});
