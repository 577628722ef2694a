import {
  MAX_WINDOWS,
  MODEL_TOKENS,
  toUnitMean,
  toWindows,
} from '../../src/in-process/model-inputs.js';

const countWords = (text: string): number => text.split(/\s+/).filter(Boolean).length;
const words = (count: number): string =>
  Array.from({ length: count }, (_, index) => `word${index}`).join(' ');

describe('windows of a text', () => {
  test('a text that the model reads to its end is one', () => {
    expect(toWindows(words(MODEL_TOKENS), countWords)).toEqual([words(MODEL_TOKENS)]);
  });

  test('a longer text is cut between words, and every part is read to its end', () => {
    const text = words(1_000);
    const windows = toWindows(text, countWords);
    expect(windows.join(' ')).toBe(text);
    for (const window of windows) expect(countWords(window)).toBeLessThanOrEqual(MODEL_TOKENS);
  });

  test('a text without spaces is cut without losing or breaking a character', () => {
    const text = '😀'.repeat(900);
    const windows = toWindows(text, (part) => [...part].length);
    expect(windows.length).toBeGreaterThan(1);
    expect(windows.join('')).toBe(text);
    for (const window of windows) expect(window.isWellFormed()).toBe(true);
  });
});

describe('windows of a query', () => {
  test.each([
    ['signs', '('.repeat(2_000)],
    ['words', words(400)],
    ['letters that normalise to 18', '\ufdfa'.repeat(2_000)],
    ['one word', 'x'.repeat(2_000)],
  ])('are %s: three at most, from its beginning', (_, query) => {
    const countCharacters = (part: string): number => part.normalize('NFKC').length;
    const windows = toWindows(query, countCharacters, MAX_WINDOWS.query);
    expect(windows).toHaveLength(3);
    expect(query.normalize('NFKC').startsWith(windows[0] ?? '-')).toBe(true);
  });

  test('are counted on a bounded text, whatever normalisation makes of it', () => {
    const counted: number[] = [];
    toWindows('\ufdfa'.repeat(16_000), (part) => counted.push(part.normalize('NFKC').length));
    expect(Math.max(...counted)).toBeLessThanOrEqual(16_000);
  });
});

describe('the mean of vectors', () => {
  test('has length 1', () => {
    const mean = toUnitMean([
      [3, 0],
      [0, 4],
    ]);
    expect(mean[0]).toBeCloseTo(0.6);
    expect(mean[1]).toBeCloseTo(0.8);
  });

  test('of nothing but zeros is zeros, not NaN', () => {
    expect([...toUnitMean([[0, 0]])]).toEqual([0, 0]);
  });
});
