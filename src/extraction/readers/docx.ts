/**
 * The reader of Word documents: the body in order, then footnotes and endnotes. Tracked changes
 * read as accepted. There are no page numbers: only a layout engine could compute them.
 */
import type { TextSegment } from '../../documents/ports.js';
import type { ReadLimits } from '../protocol.js';
import { createPartFilter } from './bounds.js';
import { mainPart, openPackage, relationshipsOf } from './office-package.js';
import { createTextFlow, type TextFlow } from './text-flow.js';
import { withoutElements, xmlText, type XmlHandler } from './xml.js';

/**
 * Elements of formatting (in which `tab` means a tab stop), of moved text at its old position, and
 * of the copies of drawings for old programs.
 */
const SKIPPED = new Set(['pPr', 'rPr', 'sectPr', 'tblPr', 'trPr', 'tcPr', 'moveFrom', 'Fallback']);
const NOTES = new Set(['footnotes', 'endnotes']);

export async function* readDocx(path: string, limits: ReadLimits): AsyncIterable<TextSegment> {
  const zip = await openPackage(path, 'word', limits);
  const main = await mainPart(zip);
  const notes = (await relationshipsOf(zip, main)).filter(
    ({ type, target }) => NOTES.has(type) && zip.has(target),
  );
  const isFirst = createPartFilter();
  for (const part of [main, ...notes.map(({ target }) => target)].filter(isFirst)) {
    const flow = createTextFlow();
    for await (const text of xmlText(zip.read(part), wordHandler(flow), flow))
      yield { text, page: null };
  }
}

function wordHandler(flow: TextFlow): XmlHandler {
  let inText = false;
  let cells = 0;
  return withoutElements(SKIPPED, {
    open: (name) => {
      if (name === 't') inText = true;
      else if (name === 'tc') cells += 1;
      else if (name === 'tab') flow.break('cell');
      else if (name === 'br' || name === 'cr') flow.break('line');
      else if (name === 'noBreakHyphen') flow.text('-');
    },
    text: (text) => {
      if (inText) flow.text(text);
    },
    close: (name) => {
      if (name === 't') inText = false;
      else if (name === 'p') flow.break(cells > 0 ? 'space' : 'paragraph');
      else if (name === 'tr') flow.break('line');
      else if (name === 'tbl') flow.break(cells > 0 ? 'line' : 'paragraph');
      else if (name === 'tc') {
        cells -= 1;
        flow.break('cell');
      }
    },
  });
}
