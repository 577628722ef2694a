/**
 * The reader of Excel workbooks: each sheet with its name, one line for each row, and tabs between
 * cells. Dates and numbers read as Excel shows them.
 */
import type { TextSegment } from '../../documents/ports.js';
import type { ReadLimits } from '../protocol.js';
import { createPartFilter, tooMuch } from './bounds.js';
import { mainPart, openPackage, relationshipsOf } from './office-package.js';
import { createTextFlow, type TextFlow } from './text-flow.js';
import { readDateStyles, serialDate } from './xlsx-dates.js';
import {
  attribute,
  readXml,
  withoutElements,
  xmlText,
  type Attributes,
  type XmlHandler,
} from './xml.js';
import type { ZipArchive } from './zip-archive.js';

/** Elements that hold the pronunciation of Japanese characters. */
const SKIPPED = new Set(['rPh', 'phoneticPr']);

const MAX_SHARED_STRINGS = 2_000_000;

interface Workbook {
  sheets: { name: string; part: string }[];
  sharedStrings: readonly string[];
  /** Indexes of the cell styles that show a number as a date. */
  dateStyles: ReadonlySet<number>;
  startsIn1904: boolean;
}

export async function* readXlsx(path: string, limits: ReadLimits): AsyncIterable<TextSegment> {
  const zip = await openPackage(path, 'xl', limits);
  const workbook = await readWorkbook(zip);
  const isFirst = createPartFilter();
  for (const { name, part } of workbook.sheets.filter((sheet) => isFirst(sheet.part))) {
    const flow = createTextFlow();
    flow.text(name);
    flow.break('line');
    for await (const text of xmlText(zip.read(part), sheetHandler(workbook, flow), flow))
      yield { text, page: null };
  }
}

async function readWorkbook(zip: ZipArchive): Promise<Workbook> {
  const main = await mainPart(zip);
  const relationships = await relationshipsOf(zip, main);
  const partOf = (type: string): string | undefined =>
    relationships.find((each) => each.type === type && zip.has(each.target))?.target;
  const worksheets = new Map(
    relationships.filter(({ type }) => type === 'worksheet').map(({ id, target }) => [id, target]),
  );
  const sheets: Workbook['sheets'] = [];
  let startsIn1904 = false;
  await readXml(zip.read(main), {
    open: (name, attributes) => {
      if (name === 'workbookPr')
        startsIn1904 = ['1', 'true'].includes(attributes['date1904'] ?? '');
      const part =
        name === 'sheet' ? worksheets.get(attribute(attributes, ':id') ?? '') : undefined;
      if (part !== undefined) sheets.push({ name: attributes['name'] ?? '', part });
    },
  });
  return {
    sheets,
    startsIn1904,
    sharedStrings: await readSharedStrings(zip, partOf('sharedStrings')),
    dateStyles: await readDateStyles(zip, partOf('styles')),
  };
}

/** Cells refer to their texts by number, so all texts are in memory while the sheets stream. */
async function readSharedStrings(zip: ZipArchive, part: string | undefined): Promise<string[]> {
  const strings: string[] = [];
  if (part === undefined) return strings;
  let current = '';
  let inText = false;
  const handler: XmlHandler = {
    open: (name) => {
      if (name === 'si') current = '';
      inText = name === 't';
    },
    text: (text) => {
      if (inText) current += text;
    },
    close: (name) => {
      inText = false;
      if (name !== 'si') return;
      if (strings.length === MAX_SHARED_STRINGS)
        throw tooMuch(`more than ${MAX_SHARED_STRINGS} different texts in its cells`);
      strings.push(current);
    },
  };
  await readXml(zip.read(part), withoutElements(SKIPPED, handler));
  return strings;
}

function sheetHandler(workbook: Workbook, flow: TextFlow): XmlHandler {
  let cell: Attributes = {};
  let raw = '';
  let inValue = false;
  return withoutElements(SKIPPED, {
    open: (name, attributes) => {
      if (name === 'c') {
        cell = attributes;
        raw = '';
      }
      inValue = name === 'v' || name === 't';
    },
    text: (text) => {
      if (inValue) raw += text;
    },
    close: (name) => {
      inValue = false;
      if (name === 'row') flow.break('line');
      if (name !== 'c') return;
      flow.text(shownValue(raw, cell, workbook));
      flow.break('cell');
    },
  });
}

function shownValue(
  raw: string,
  { t: type = 'n', s: style = '' }: Attributes,
  workbook: Workbook,
): string {
  if (type === 's') return workbook.sharedStrings[Number(raw)] ?? '';
  if (type === 'b') return raw === '1' ? 'TRUE' : 'FALSE';
  if (type === 'e') return '';
  if (type !== 'n' || raw === '') return raw;
  const isDate = style !== '' && workbook.dateStyles.has(Number(style));
  return isDate ? serialDate(Number(raw), workbook.startsIn1904) : shownNumber(raw);
}

/** Rounds to the fifteen digits that Excel shows: 0.3 for a stored 0.30000000000000004. */
function shownNumber(raw: string): string {
  const value = Number(raw);
  return Number.isFinite(value) ? String(Number(value.toPrecision(15))) : raw;
}
