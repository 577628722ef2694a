/**
 * The reader of OpenDocument texts: the body in order, then the footnotes, so that they do not
 * split the sentences they belong to.
 */
import type { TextSegment } from '../../documents/ports.js';
import { ProcessingFailure } from '../../errors.js';
import type { ReadLimits } from '../protocol.js';
import { unsupported } from './office-package.js';
import { createTextFlow, type TextFlow } from './text-flow.js';
import { attribute, readXml, withoutElements, xmlText, type XmlHandler } from './xml.js';
import { openZip, type ZipArchive } from './zip-archive.js';

/** Elements of deleted text, comments, note numbers and formatting. */
const SKIPPED = new Set([
  'tracked-changes',
  'annotation',
  'note-citation',
  'settings',
  'styles',
  'automatic-styles',
  'sequence-decls',
]);
const MANIFEST = 'META-INF/manifest.xml';
const CONTENT = 'content.xml';

export async function* readOdt(path: string, limits: ReadLimits): AsyncIterable<TextSegment> {
  const zip = await openZip(path, limits.maxInflatedBytes);
  await refuseEncrypted(zip);
  if (!zip.has(CONTENT) || !zip.has(MANIFEST)) throw unsupported();
  const body = createTextFlow();
  const notes = createTextFlow();
  for await (const text of xmlText(zip.read(CONTENT), odtHandler(body, notes), body))
    yield { text, page: null };
  yield { text: notes.finish(), page: null };
}

/**
 * Throws ENCRYPTED. In an encrypted document the zip itself is readable, but its entries are
 * encrypted, or its only entry is the encrypted zip.
 */
async function refuseEncrypted(zip: ZipArchive): Promise<void> {
  if (!zip.has(MANIFEST)) return;
  await readXml(zip.read(MANIFEST), {
    open: (name) => {
      if (name === 'encryption-data')
        throw new ProcessingFailure(
          'ENCRYPTED',
          'The document is protected by a password. Upload it without one.',
        );
    },
  });
}

function odtHandler(body: TextFlow, notes: TextFlow): XmlHandler {
  let paragraphs = 0;
  let cells = 0;
  let flow = body;
  return withoutElements(SKIPPED, {
    open: (name, attributes) => {
      if (name === 'p' || name === 'h') paragraphs += 1;
      else if (name === 'note-body') flow = notes;
      else if (name === 'table-cell') cells += 1;
      else if (name === 's')
        flow.text(' '.repeat(Math.min(Number(attribute(attributes, 'c') ?? 1) || 1, 100)));
      else if (name === 'tab') flow.break('cell');
      else if (name === 'line-break') flow.break('line');
    },
    text: (text) => {
      if (paragraphs > 0) flow.collapsedText(text);
    },
    close: (name) => {
      if (name === 'p' || name === 'h') {
        paragraphs -= 1;
        flow.break(cells > 0 ? 'space' : 'paragraph');
      } else if (name === 'note-body') flow = body;
      else if (name === 'table-row') flow.break('line');
      else if (name === 'table') flow.break(cells > 0 ? 'line' : 'paragraph');
      else if (name === 'table-cell') {
        cells -= 1;
        flow.break('cell');
      }
    },
  });
}
