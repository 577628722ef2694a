/**
 * The reader of HTML: the visible text, without scripts and styles, with decoded entities, and with
 * line ends between blocks. It streams.
 */
import { Parser } from 'htmlparser2';
import type { TextSegment } from '../../documents/ports.js';
import { createMarkupBounds } from './bounds.js';
import { createTextFlow, type Break, type TextFlow } from './text-flow.js';
import { decodedText, encodingOf, headOf } from './text.js';
import { withoutElements } from './xml.js';

const SKIPPED = new Set([
  'script',
  'style',
  'template',
  'noscript',
  'iframe',
  'object',
  'svg',
  'annotation',
]);

const PARAGRAPHS =
  'title p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote pre section article header footer nav ' +
  'main aside figure form fieldset hr details address';
const LINES = 'div li tr br dt dd caption figcaption option summary legend';

const BREAKS = new Map<string, Break>([
  ...PARAGRAPHS.split(' ').map((name): [string, Break] => [name, 'paragraph']),
  ...LINES.split(' ').map((name): [string, Break] => [name, 'line']),
  ['td', 'cell'],
  ['th', 'cell'],
]);

export async function* readHtml(path: string): AsyncIterable<TextSegment> {
  const flow = createTextFlow();
  const parser = createHtmlParser(flow);
  for await (const text of decodedText(path, await htmlEncoding(path))) {
    parser.write(text);
    yield { text: flow.take(), page: null };
  }
  parser.end();
  yield { text: flow.finish(), page: null };
}

function createHtmlParser(flow: TextFlow): Parser {
  let preformatted = 0;
  const handler = withoutElements(SKIPPED, {
    open: (name) => {
      if (name === 'pre') preformatted += 1;
      flow.break(BREAKS.get(name) ?? 'none');
    },
    text: (text) => {
      if (preformatted > 0) flow.text(text);
      else flow.collapsedText(text);
    },
    close: (name) => {
      if (name === 'pre') preformatted -= 1;
      flow.break(BREAKS.get(name) ?? 'none');
    },
  });
  const { close, ...bounds } = createMarkupBounds();
  return new Parser({
    ...bounds,
    onopentag: (name, attributes) => handler.open?.(name, attributes),
    onclosetag: (name) => {
      close();
      handler.close?.(name);
    },
    ontext: (text) => handler.text?.(text),
  });
}

/**
 * Returns UTF-8 for a file that is valid UTF-8, whatever charset it declares. Otherwise returns the
 * declared charset, if it is known.
 */
async function htmlEncoding(path: string): Promise<string> {
  const encoding = await encodingOf(path);
  if (encoding !== 'windows-1252') return encoding;
  const declared = /charset\s*=\s*["']?([\w-]+)/i.exec(
    new TextDecoder('latin1').decode(await headOf(path)),
  )?.[1];
  return declared !== undefined && isKnown(declared) ? declared : encoding;
}

function isKnown(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return false;
  }
}
