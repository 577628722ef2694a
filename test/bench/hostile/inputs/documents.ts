/**
 * Documents that are costly to read: nesting, repetition, attributes, references and damaged files.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBombDocx } from '../../../corpus/make-bomb.js';
import { ofKind, type HostileInput } from '../input.js';
import { docx, odt, pptx, relationships, xlsx } from '../packages.js';
import { uploadFile, type HostileFile } from '../requests.js';
import { damaged209, damaged89, nestedForms, pdf, sameForm } from './pdfs.js';

const MILLION = 1_000_000;
const SHEET =
  '<worksheet><sheetData><row><c t="inlineStr"><is><t>x</t></is></c></row></sheetData></worksheet>';
const SLIDE = '<p:sld xmlns:p="p" xmlns:a="a"><a:p><a:r><a:t>x</a:t></a:r></a:p></p:sld>';

export const documentInputs: HostileInput[] = [
  ...ofKind('nesting', 'DOOR-07', {
    'deep.docx': upload(
      'deep.docx',
      () => docx(`<w:document>${'<w:p>'.repeat(2 * MILLION)}</w:document>`),
      4,
    ),
    'deep-tables.docx': upload('tables.docx', () =>
      docx(`<w:document><w:body>${'<w:tbl><w:tr><w:tc>'.repeat(300_000)}x`),
    ),
    'deep-closed.docx': upload('closed.docx', () =>
      docx(`<w:document>${'<w:p>'.repeat(200_000)}${'</w:p>'.repeat(200_000)}</w:document>`),
    ),
    'deep.odt': upload(
      'deep.odt',
      () => odt(`<office:document-content>${'<text:span>'.repeat(MILLION)}`),
      2,
    ),
    'deep-sheet.xlsx': upload('deep.xlsx', () =>
      xlsx(['sheet.xml'], { 'xl/sheet.xml': `<worksheet>${'<row><c><is>'.repeat(300_000)}` }),
    ),
    'deep-strings.xlsx': upload('strings.xlsx', () =>
      xlsx(['sheet.xml'], {
        'xl/sheet.xml': SHEET,
        'xl/sharedStrings.xml': `<sst>${'<si><r>'.repeat(MILLION)}`,
      }),
    ),
    'deep.pptx': upload('deep.pptx', () =>
      pptx(['slide.xml'], { 'ppt/slide.xml': `<p:sld>${'<p:grpSp>'.repeat(MILLION)}` }),
    ),
    'quad.html': upload('quad.html', () =>
      Buffer.from(`<!doctype html><html>${'<b>'.repeat(2 * MILLION)}${'</i>'.repeat(2 * MILLION)}`),
    ),
    'divs.html': upload('divs.html', () =>
      Buffer.from(`<!doctype html>${'<div>'.repeat(5 * MILLION)}`),
    ),
    'paragraphs-in-buttons.html': upload('buttons.html', () =>
      Buffer.from(`<html>${'<button><p>'.repeat(MILLION)}`),
    ),
    'tables.html': upload('tables.html', () =>
      Buffer.from(`<html>${'<table><tr><td>'.repeat(MILLION)}`),
    ),
    'closing-tags.html': upload('closing.html', () =>
      Buffer.from(`<html>${'<i>'.repeat(50_000)}${'</b></p></br>'.repeat(300_000)}`),
    ),
  }),
  ...ofKind('repetition', 'DOOR-07', {
    'attributes.docx': upload('attributes.docx', () =>
      docx(`<w:document ${attributes(300_000)}><w:p/></w:document>`),
    ),
    'attributes.html': upload('attributes.html', () =>
      Buffer.from(`<html><body ${attributes(MILLION)}>x`),
    ),
    'attribute-of-quotes.html': upload('quotes.html', () =>
      Buffer.from(`<html><a b="${"'<".repeat(MILLION)}`),
    ),
    'entities.html': upload('entities.html', () =>
      Buffer.from(`<html>${'&amp;&#x41;&nosuch'.repeat(30_000)}`),
    ),
    'entities-without-end.html': upload('open.html', () =>
      Buffer.from(`<html>&${'a'.repeat(MILLION)}`),
    ),
    'scripts-never-closed.html': upload('scripts.html', () =>
      Buffer.from(`<html>${'<script></scrip'.repeat(100_000)}`),
    ),
    'charsets.html': upload('charsets.html', () =>
      Buffer.from(`<html>${'<meta charset='.repeat(4_500)}`),
    ),
    'comments.docx': upload('comments.docx', () => docx(`<w:document>${'<!--'.repeat(500_000)}`)),
    'entity-expansion.docx': upload('entities.docx', () =>
      docx(`<!DOCTYPE x [${expansion(20)}]><w:document><w:p>&e19;</w:p></w:document>`),
    ),
    'same-sheet-10000.xlsx': upload('sheets.xlsx', () =>
      xlsx(times('sheet.xml', 10_000), { 'xl/sheet.xml': SHEET }),
    ),
    'same-large-sheet-2000.xlsx': upload('large.xlsx', () =>
      xlsx(times('sheet.xml', 2_000), {
        'xl/sheet.xml': `<worksheet>${'<row/>'.repeat(100_000)}</worksheet>`,
      }),
    ),
    'same-slide-10000.pptx': upload('slides.pptx', () =>
      pptx(times('slide.xml', 10_000), { 'ppt/slide.xml': SLIDE }),
    ),
    'same-large-slide-2000.pptx': upload('large.pptx', () =>
      pptx(times('slide.xml', 2_000), {
        'ppt/slide.xml': `<p:sld>${'<a:p/>'.repeat(100_000)}</p:sld>`,
      }),
    ),
    'many-relationships.docx': upload('many.docx', () =>
      docx('<w:document/>', {
        'word/_rels/document.xml.rels': manyHeaders(50_000),
        'word/header.xml': '<w:hdr/>',
      }),
    ),
    'shared-strings.xlsx': upload('many-strings.xlsx', () =>
      xlsx(['sheet.xml'], {
        'xl/sheet.xml': SHEET,
        'xl/sharedStrings.xml': `<sst>${'<si/>'.repeat(3 * MILLION)}</sst>`,
      }),
    ),
    'cells-far-out.xlsx': upload('far.xlsx', () =>
      xlsx(['sheet.xml'], {
        'xl/sheet.xml':
          '<worksheet><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>',
      }),
    ),
    'repeated-cells.odt': upload('repeated.odt', () =>
      odt(
        '<office:document-content><table:table><table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16384"><text:p>x<text:s text:c="2000000000"/></text:p></table:table-cell></table:table-row></table:table></office:document-content>',
      ),
    ),
    'many-entries.docx': upload('entries.docx', () =>
      docx(
        '<w:document/>',
        Object.fromEntries(times('', 60_000).map((_, index) => [`x/${index}`, ''])),
      ),
    ),
    'bomb.docx': uploadBomb(1_300),
    'bomb-that-lies.docx': uploadBomb(1_300, 10_000),
  }),
  ...ofKind('damaged', 'DOOR-13', {
    'damaged-89.pdf': upload('damaged-89.pdf', damaged89, 2),
    'damaged-209.pdf': upload('damaged-209.pdf', damaged209, 2),
    'truncated.docx': uploadTruncated('railway.docx'),
    'truncated.xlsx': uploadTruncated('observatory.xlsx'),
    'truncated.pptx': uploadTruncated('sourdough.pptx'),
    'truncated.odt': uploadTruncated('contract-law.odt'),
    'truncated.pdf': uploadTruncated('volcanoes.pdf'),
  }),
  ...ofKind('pdf', 'DOOR-07', {
    'nested-forms.pdf': upload('forms.pdf', () => nestedForms(10, 8)),
    'same-form.pdf': upload('same-form.pdf', () => sameForm(20_000)),
    'nested-lists.pdf': upload('lists.pdf', () => pdf({ content: '['.repeat(300_000) })),
    'nested-dictionaries.pdf': upload('dictionaries.pdf', () =>
      pdf({ catalog: '/X ' + '<</X '.repeat(100_000) }),
    ),
    'page-tree-cycle.pdf': upload('cycle.pdf', () => pdf({ kids: times('2 0 R', 100) })),
    'same-page-20000.pdf': upload('pages.pdf', () =>
      pdf({ kids: times('3 0 R', 20_000), count: 20_000 }),
    ),
    'a-billion-pages.pdf': upload('billion.pdf', () => pdf({ count: 1_000_000_000 })),
    'many-operators.pdf': upload('operators.pdf', () => pdf({ content: 'q '.repeat(MILLION) })),
    'digits.pdf': upload('digits.pdf', () =>
      pdf({ content: `BT ${'9'.repeat(MILLION)} Tf (x) Tj ET` }),
    ),
    'brackets-in-text.pdf': upload('brackets.pdf', () =>
      pdf({ content: `BT (${'('.repeat(MILLION)}` }),
    ),
    'objects-everywhere.pdf': upload('objects.pdf', () =>
      Buffer.from(`%PDF-1.7\n${'1 0 obj\n'.repeat(300_000)}`),
    ),
  }),
];

function upload(
  name: string,
  make: () => Buffer | Promise<Buffer>,
  count = 1,
): HostileInput['send'] {
  return async (target) =>
    uploadFile(target, { name, content: await make(), times: count } satisfies HostileFile);
}

function uploadTruncated(name: string): HostileInput['send'] {
  return upload(name, async () => {
    const whole = await readFile(new URL(`../../../corpus/${name}`, import.meta.url));
    return whole.subarray(0, Math.floor(whole.length * 0.7));
  });
}

function uploadBomb(inflatedMib: number, declaredBytes?: number): HostileInput['send'] {
  return async (target) => {
    const folder = await mkdtemp(join(tmpdir(), 'docstream-bomb-'));
    const path = join(folder, 'bomb.docx');
    try {
      await writeBombDocx(path, {
        inflatedBytes: inflatedMib * 1024 * 1024,
        ...(declaredBytes !== undefined && { declaredBytes }),
      });
      return await uploadFile(target, { name: 'bomb.docx', content: await readFile(path) });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function attributes(count: number): string {
  return Array.from({ length: count }, (_, index) => `a${index}="x"`).join(' ');
}

function expansion(levels: number): string {
  return Array.from(
    { length: levels },
    (_, level) => `<!ENTITY e${level} "${level === 0 ? 'x' : `&e${level - 1};`.repeat(10)}">`,
  ).join('');
}

function manyHeaders(count: number): string {
  return relationships(
    times('header.xml', count).map((target, index) => [`h${index}`, 'header', target] as const),
  );
}

function times<T>(value: T, count: number): T[] {
  return Array.from({ length: count }, () => value);
}
