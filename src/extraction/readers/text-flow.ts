/**
 * Puts a document's words in one line of text: elements end with breaks, of which only the
 * strongest stands between two words.
 */

const SEPARATORS = { none: '', space: ' ', cell: '\t', line: '\n', paragraph: '\n\n' } as const;
const STRENGTH = Object.keys(SEPARATORS);

export type Break = keyof typeof SEPARATORS;

export interface TextFlow {
  text(text: string): void;
  /**
   * As HTML and ODF read white space: any run of it is one space. So are spaces that do not break:
   * nobody types them into a search.
   */
  collapsedText(text: string): void;
  break(kind: Break): void;
  /** What came since it was last taken. */
  take(): string;
  /** The same at the end of a page or part, closed so that what follows begins a paragraph. */
  finish(): string;
}

export function createTextFlow(): TextFlow {
  let out = '';
  let empty = true;
  let pending: Break = 'none';

  function text(words: string): void {
    if (words === '') return;
    if (!empty) out += SEPARATORS[pending];
    pending = 'none';
    empty = false;
    out += words;
  }

  function breakWith(kind: Break): void {
    if (STRENGTH.indexOf(kind) > STRENGTH.indexOf(pending)) pending = kind;
  }

  function take(): string {
    const taken = out;
    out = '';
    return taken;
  }

  return {
    text,
    collapsedText: (raw) => {
      const words = raw.replace(/[ \t\r\n\f\u00a0]+/g, ' ');
      if (words.startsWith(' ')) breakWith('space');
      text(words.trim());
      if (words.endsWith(' ')) breakWith('space');
    },
    break: breakWith,
    take,
    finish: () => {
      const taken = take() + (empty ? '' : SEPARATORS.paragraph);
      empty = true;
      pending = 'none';
      return taken;
    },
  };
}
