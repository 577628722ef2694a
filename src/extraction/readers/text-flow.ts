/**
 * Collects the text of a document. Elements request breaks; of several breaks between two words
 * only the strongest is written.
 */

const SEPARATORS = { none: '', space: ' ', cell: '\t', line: '\n', paragraph: '\n\n' } as const;
const STRENGTH = Object.keys(SEPARATORS);

export type Break = keyof typeof SEPARATORS;

export interface TextFlow {
  text(text: string): void;
  /**
   * Adds text in which any run of white space counts as one space, as in HTML and ODF. Non-breaking
   * spaces count as well, because nobody types them into a search.
   */
  collapsedText(text: string): void;
  break(kind: Break): void;
  /** Returns the text since the last call. */
  take(): string;
  /** Ends a page or part: returns the text since the last call, with a paragraph break. */
  finish(): string;
}

export function createTextFlow(): TextFlow {
  let out = '';
  let isEmpty = true;
  let pending: Break = 'none';

  function text(words: string): void {
    if (words === '') return;
    if (!isEmpty) out += SEPARATORS[pending];
    pending = 'none';
    isEmpty = false;
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
      const taken = take() + (isEmpty ? '' : SEPARATORS.paragraph);
      isEmpty = true;
      pending = 'none';
      return taken;
    },
  };
}
