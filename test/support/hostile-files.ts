/** Small files that cost a careless reader far more than their size. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface HostileFile {
  name: string;
  content: Buffer;
}

/** More than any bound on nesting and repetition. */
const MANY = 200_000;
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>';

/** Returns files over a bound; each ends as EXTRACTION_LIMIT. */
export function filesOverBounds(): HostileFile[] {
  return [
    docx('deep.docx', '<w:p>'.repeat(MANY)),
    docx(
      'deep-names.docx',
      Array.from({ length: 2_000 }, (_, number) => `<w:e${number}>`).join(''),
    ),
    docx('attributes.docx', `<w:p ${attributes(MANY)}>`),
    odt('deep.odt', '<text:p>'.repeat(MANY)),
    xlsx('deep.xlsx', '<c>'.repeat(MANY)),
    xlsx('strings.xlsx', '<worksheet/>', {
      'xl/strings.xml': `<sst>${'<si/>'.repeat(2_000_001)}</sst>`,
    }),
    pptx('deep.pptx', '<p:sp>'.repeat(MANY)),
    html('quad.html', `${'<b>'.repeat(MANY)}${'</i>'.repeat(MANY)}`),
    html('div.html', '<div>'.repeat(MANY)),
    html('svg.html', '<svg><desc>'.repeat(MANY)),
    html('attributes.html', `<a ${attributes(MANY)}>`),
  ];
}

/** Returns the worst files within the bounds; the text of each is `read`. */
export function filesWithinBounds(): HostileFile[] {
  const many = (element: string): string => element.repeat(MANY);
  return [
    docx('unmatched.docx', `${'<w:p>'.repeat(900)}<w:t>read</w:t>${many('</w:unmatched>')}`),
    docx('footnotes.docx', '<w:t>read</w:t>', {
      'word/_rels/document.xml.rels': relationships(
        many(relationship('n', 'footnotes', 'notes.xml')),
      ),
      'word/notes.xml': '<w:footnotes/>',
    }),
    xlsx('sheets.xlsx', '<worksheet/>', {
      'xl/workbook.xml': `<workbook>${many('<sheet name="read" r:id="s"/>')}</workbook>`,
    }),
    xlsx('format.xlsx', '<worksheet/>', {
      'xl/styles.xml': `<s><numFmt numFmtId="1" formatCode="${many('[')}"/></s>`,
    }),
    pptx('slides.pptx', '<a:t>read</a:t>', {
      'ppt/presentation.xml': `<p>${many('<p:sldId r:id="s"/>')}</p>`,
    }),
    pptx('notes.pptx', '<a:t>read</a:t>', {
      'ppt/_rels/slide.xml.rels': relationships(many(relationship('n', 'notesSlide', 'notes.xml'))),
      'ppt/notes.xml': '<notes/>',
    }),
    html('unmatched.html', `${'<b>'.repeat(900)}read${many('</i>')}`),
    html('siblings.html', `<p>read</p>${many('<div></div>')}`),
  ];
}

function attributes(count: number): string {
  return Array.from({ length: count }, (_, number) => `a${number}="1"`).join(' ');
}

function html(name: string, body: string): HostileFile {
  return { name, content: Buffer.from(`<!doctype html><html><body>${body}`) };
}

function relationship(id: string, type: string, target: string): string {
  return `<Relationship Id="${id}" Type="${RELATIONSHIPS}/${type}" Target="${target}"/>`;
}

function relationships(inner: string): string {
  return `<Relationships>${inner}</Relationships>`;
}

type Parts = Record<string, string>;

function docx(name: string, body: string, more: Parts = {}): HostileFile {
  return office(name, 'word/document.xml', {
    'word/document.xml': `<w:document><w:body>${body}`,
    ...more,
  });
}

function pptx(name: string, slide: string, more: Parts = {}): HostileFile {
  return office(name, 'ppt/presentation.xml', {
    'ppt/presentation.xml': '<p><p:sldId r:id="s"/></p>',
    'ppt/_rels/presentation.xml.rels': relationships(relationship('s', 'slide', 'slide.xml')),
    'ppt/slide.xml': slide,
    ...more,
  });
}

function xlsx(name: string, sheet: string, more: Parts = {}): HostileFile {
  const parts = [
    relationship('s', 'worksheet', 'sheet.xml'),
    relationship('t', 'sharedStrings', 'strings.xml'),
    relationship('u', 'styles', 'styles.xml'),
  ];
  return office(name, 'xl/workbook.xml', {
    'xl/workbook.xml': '<workbook><sheet name="read" r:id="s"/></workbook>',
    'xl/_rels/workbook.xml.rels': relationships(parts.join('')),
    'xl/sheet.xml': sheet,
    'xl/strings.xml': '<sst/>',
    'xl/styles.xml': '<s/>',
    ...more,
  });
}

function odt(name: string, content: string): HostileFile {
  const mimetype = 'application/vnd.oasis.opendocument.text';
  return {
    name,
    content: zip({ mimetype, 'META-INF/manifest.xml': '<manifest/>', 'content.xml': content }),
  };
}

function office(name: string, main: string, parts: Parts): HostileFile {
  return {
    name,
    content: zip({
      '[Content_Types].xml': TYPES,
      '_rels/.rels': relationships(relationship('m', 'officeDocument', main)),
      ...parts,
    }),
  };
}

/** Writes a minimal zip. */
function zip(parts: Parts): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(parts)) {
    const packed = deflateRawSync(text, { level: 1 });
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(text), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(Buffer.byteLength(text), 18);
    common.writeUInt16LE(name.length, 22);
    const location = Buffer.alloc(16);
    location.writeUInt32LE(offset, 12);
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    directory.push(
      Buffer.concat([
        Buffer.from('PK\x01\x02\x14\x00'),
        common,
        location.subarray(2),
        Buffer.from(name),
      ]),
    );
    files.push(file);
    offset += file.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, ...directory, Buffer.from('PK\x05\x06'), end]);
}
