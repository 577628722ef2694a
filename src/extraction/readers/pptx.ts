/**
 * The reader of PowerPoint presentations: the slides in the order of the show, each as a page, with
 * its diagrams, charts and speaker's notes.
 */
import type { TextSegment } from '../../documents/ports.js';
import type { ReadLimits } from '../protocol.js';
import { createPartFilter } from './bounds.js';
import { mainPart, openPackage, relationshipsOf } from './office-package.js';
import { createTextFlow, type TextFlow } from './text-flow.js';
import { attribute, readXml, withoutElements, xmlText, type XmlHandler } from './xml.js';
import type { ZipArchive } from './zip-archive.js';

/** `fld` holds slide numbers and dates, which repeat on every slide. */
const SKIPPED = new Set(['Fallback', 'fld']);
const RELATED_TYPES = new Set(['diagramData', 'chart', 'notesSlide']);

export async function* readPptx(path: string, limits: ReadLimits): AsyncIterable<TextSegment> {
  const zip = await openPackage(path, 'ppt', limits);
  const isFirst = createPartFilter();
  const slides = (await slideParts(zip)).filter(isFirst);
  for (const [index, slide] of slides.entries()) {
    const related = (await relationshipsOf(zip, slide)).filter(
      ({ type, target }) => RELATED_TYPES.has(type) && zip.has(target),
    );
    for (const part of [slide, ...related.map(({ target }) => target).filter(isFirst)]) {
      const flow = createTextFlow();
      for await (const text of xmlText(zip.read(part), slideHandler(flow), flow))
        yield { text, page: index + 1 };
    }
  }
}

async function slideParts(zip: ZipArchive): Promise<string[]> {
  const main = await mainPart(zip);
  const targets = new Map((await relationshipsOf(zip, main)).map(({ id, target }) => [id, target]));
  const slides: string[] = [];
  await readXml(zip.read(main), {
    open: (name, attributes) => {
      const target = name === 'sldId' ? targets.get(attribute(attributes, ':id') ?? '') : undefined;
      if (target !== undefined) slides.push(target);
    },
  });
  return slides;
}

/** `v` holds a label or a number of a chart. */
function slideHandler(flow: TextFlow): XmlHandler {
  let inText = false;
  return withoutElements(SKIPPED, {
    open: (name) => {
      if (name === 't' || name === 'v') inText = true;
      else if (name === 'br') flow.break('line');
    },
    text: (text) => {
      if (inText) flow.text(text);
    },
    close: (name) => {
      if (name === 't' || name === 'v') inText = false;
      if (name === 'v') flow.break('space');
      else if (name === 'tc') flow.break('cell');
      else if (name === 'p' || name === 'tr') flow.break('line');
      else if (name === 'sp' || name === 'graphicFrame') flow.break('paragraph');
    },
  });
}
