/** The least that makes a zip a document of each format. */
import { makeZip } from '../../support/zip.js';

const TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const ODT = 'application/vnd.oasis.opendocument.text';

export type Parts = Record<string, string | Buffer>;

export function relationships(
  targets: readonly (readonly [id: string, type: string, target: string])[],
): string {
  const each = targets.map(
    ([id, type, target]) =>
      `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`,
  );
  return `<Relationships xmlns="${RELATIONSHIPS}">${each.join('')}</Relationships>`;
}

function officePackage(main: string, parts: Parts): Buffer {
  const root = relationships([['r1', 'officeDocument', main]]);
  return makeZip(Object.entries({ '[Content_Types].xml': TYPES, '_rels/.rels': root, ...parts }));
}

export function docx(document: string, more: Parts = {}): Buffer {
  return officePackage('word/document.xml', { 'word/document.xml': document, ...more });
}

/** One relationship and one entry of the workbook for each sheet; the files are given. */
export function xlsx(sheets: readonly string[], parts: Parts): Buffer {
  const listed = sheets
    .map((_, index) => `<sheet name="s${index}" sheetId="${index + 1}" r:id="s${index}"/>`)
    .join('');
  const workbook = `<workbook xmlns:r="${OFFICE}"><sheets>${listed}</sheets></workbook>`;
  const targets = sheets.map((target, index) => [`s${index}`, 'worksheet', target] as const);
  const related = relationships([...targets, ['strings', 'sharedStrings', 'sharedStrings.xml']]);
  return officePackage('xl/workbook.xml', {
    'xl/workbook.xml': workbook,
    'xl/_rels/workbook.xml.rels': related,
    ...parts,
  });
}

export function pptx(slides: readonly string[], parts: Parts): Buffer {
  const listed = slides
    .map((_, index) => `<p:sldId id="${256 + index}" r:id="s${index}"/>`)
    .join('');
  const presentation = `<p:presentation xmlns:p="p" xmlns:r="${OFFICE}"><p:sldIdLst>${listed}</p:sldIdLst></p:presentation>`;
  const related = relationships(
    slides.map((target, index) => [`s${index}`, 'slide', target] as const),
  );
  return officePackage('ppt/presentation.xml', {
    'ppt/presentation.xml': presentation,
    'ppt/_rels/presentation.xml.rels': related,
    ...parts,
  });
}

export function odt(content: string): Buffer {
  const manifest = `<manifest:manifest xmlns:manifest="m"><manifest:file-entry manifest:full-path="/" manifest:media-type="${ODT}"/></manifest:manifest>`;
  return makeZip(
    Object.entries({ mimetype: ODT, 'META-INF/manifest.xml': manifest, 'content.xml': content }),
  );
}
