import { splitsCharacter } from '../../src/documents/text-cut.js';

describe('a cut in a text', () => {
  it.each([
    ['a😀b', 0, false],
    ['a😀b', 1, false],
    ['a😀b', 2, true],
    ['a😀b', 3, false],
    ['😀', 2, false],
    ['', 0, false],
    ['é', 1, false],
  ])('in %j before %i splits a character: %s', (text, index, expected) => {
    expect(splitsCharacter(text, index)).toBe(expected);
  });
});
