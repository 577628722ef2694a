import { Linter } from 'eslint';

const CONFIG = new URL('../../eslint.config.js', import.meta.url).href;

/**
 * The entry of our configuration that is about regular expressions: the others need types, which
 * cost seconds.
 */
async function rulesThatReject(pattern: string): Promise<(string | null)[]> {
  const { default: entries } = (await import(CONFIG)) as { default: Linter.Config[] };
  const config = entries.filter(({ plugins }) => plugins?.['regexp'] !== undefined);
  return new Linter()
    .verify(`export const pattern = ${pattern};`, config, 'src/extraction/example.js')
    .map(({ ruleId }) => ruleId);
}

describe('the lint rules for regular expressions', () => {
  it.each([
    [
      'comments before a tag, which ran for good',
      String.raw`/^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)*<(!doctype\s+html|html)\b/i`,
    ],
    ['numbers of PDF objects, quadratic in digits', String.raw`/\d+ \d+ obj\b/`],
    ['codes of date formats, quadratic in brackets', String.raw`/\[(?!h+\])[^\]]*\]/`],
    ['gaps between lines, quadratic in white space', String.raw`/\s*\n\s*\n\s*/g`],
    ['a quantifier within a quantifier', '/(a+)+$/'],
    ['any characters in a repeated group', String.raw`/^(?:[\s\S]+?,)+x/`],
  ])('reject %s', async (_, pattern) => {
    expect(await rulesThatReject(pattern)).not.toEqual([]);
  });

  it.each([[String.raw`/^[\w-]+(\/[\w-]+)*$/`], [String.raw`/\d \d{1,10} obj\b/`]])(
    'accept %s',
    async (pattern) => {
      expect(await rulesThatReject(pattern)).toEqual([]);
    },
  );
});
