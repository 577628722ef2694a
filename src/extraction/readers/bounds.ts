/**
 * Bounds on what no document needs and what costs a reader more than the size of the file: deep
 * nesting (htmlparser2 searches its stack of open elements for every tag), and repeated references
 * to one part. A file over a bound fails with EXTRACTION_LIMIT, which is not retried.
 */
import { ProcessingFailure } from '../../errors.js';

/** Nested open elements. Browsers flatten HTML at 512. */
const MAX_DEPTH = 1_000;
const MAX_ATTRIBUTES = 1_000;
/** Slides, sheets and pages, with their notes, charts and footnotes. */
const MAX_PARTS = 10_000;

export interface MarkupBounds {
  onopentagname(): void;
  onattribute(): void;
  /** Must be called for every element that closes. */
  close(): void;
}

/** Counts for one htmlparser2 parser. Its methods throw EXTRACTION_LIMIT. */
export function createMarkupBounds(): MarkupBounds {
  let depth = 0;
  let attributes = 0;
  return {
    onopentagname: () => {
      depth += 1;
      attributes = 0;
      if (depth > MAX_DEPTH) throw tooMuch(`more than ${MAX_DEPTH} nested elements`);
    },
    onattribute: () => {
      attributes += 1;
      if (attributes > MAX_ATTRIBUTES)
        throw tooMuch(`an element with more than ${MAX_ATTRIBUTES} attributes`);
    },
    close: () => {
      depth -= 1;
    },
  };
}

/** Returns a filter for the parts of one document: it accepts each part once. */
export function createPartFilter(): (part: string) => boolean {
  const seen = new Set<string>();
  return (part) => {
    if (seen.has(part)) return false;
    seen.add(part);
    checkParts(seen.size);
    return true;
  };
}

/** Throws EXTRACTION_LIMIT if a document has more than MAX_PARTS pages, slides or sheets. */
export function checkParts(count: number): void {
  if (count > MAX_PARTS) throw tooMuch(`more than ${MAX_PARTS} pages, slides, sheets or notes`);
}

export function tooMuch(what: string): ProcessingFailure {
  return new ProcessingFailure(
    'EXTRACTION_LIMIT',
    `The document has ${what}. Simplify it or split it, and upload it again.`,
  );
}
