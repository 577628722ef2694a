import {
  MAX_INPUT_TOKENS,
  MAX_INPUTS,
  toModelInputs,
  toUnitMean,
} from '../../src/in-process/model-inputs.js';

const countWords = (text: string): number => text.split(/\s+/).filter(Boolean).length;
function words(count: number): string {
  return Array.from({ length: count }, (_, index) => `word${index}`).join(' ');
}

describe('the model inputs of a text', () => {
  test('keep a short text in one input', () => {
    expect(toModelInputs(words(MAX_INPUT_TOKENS), countWords)).toEqual([words(MAX_INPUT_TOKENS)]);
  });

  test('are cut between words, and fit the model', () => {
    const text = words(1_000);
    const inputs = toModelInputs(text, countWords);
    expect(inputs.join(' ')).toBe(text);
    for (const input of inputs) expect(countWords(input)).toBeLessThanOrEqual(MAX_INPUT_TOKENS);
  });

  test('lose and break no character of a text without spaces', () => {
    const text = '😀'.repeat(900);
    const inputs = toModelInputs(text, (part) => [...part].length);
    expect(inputs.length).toBeGreaterThan(1);
    expect(inputs.join('')).toBe(text);
    for (const input of inputs) expect(input.isWellFormed()).toBe(true);
  });
});

describe('the model inputs of a query', () => {
  test.each([
    ['signs', '('.repeat(2_000)],
    ['words', words(400)],
    ['letters that normalise to 18', '\ufdfa'.repeat(2_000)],
    ['one word', 'x'.repeat(2_000)],
  ])('are limited to the first three for %s', (_, query) => {
    const countCharacters = (part: string): number => part.normalize('NFKC').length;
    const inputs = toModelInputs(query, countCharacters, MAX_INPUTS.query);
    expect(inputs).toHaveLength(3);
    expect(query.normalize('NFKC').startsWith(inputs[0] ?? '-')).toBe(true);
  });

  test('count the tokens of a bounded text, whatever its normalisation yields', () => {
    const counted: number[] = [];
    toModelInputs('\ufdfa'.repeat(16_000), (part) => counted.push(part.normalize('NFKC').length));
    expect(Math.max(...counted)).toBeLessThanOrEqual(16_000);
  });
});

describe('toUnitMean', () => {
  test('returns a vector of length 1', () => {
    const mean = toUnitMean([
      [3, 0],
      [0, 4],
    ]);
    expect(mean[0]).toBeCloseTo(0.6);
    expect(mean[1]).toBeCloseTo(0.8);
  });

  test('returns zeros, not NaN, for zeros', () => {
    expect([...toUnitMean([[0, 0]])]).toEqual([0, 0]);
  });
});
