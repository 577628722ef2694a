/** Zips with the minimum of parts that make them documents of each format. */
import { makeZip } from '../../support/zip.js';

const TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const RELATIONSHIPS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const ODT = 'application/vnd.oasis.opendocument.text';

export type Parts = Record<string, string | Buffer>;

export function relationships(
  targets: readonly (readonly [id: string, type: string, target: string])[],
): string {
  const elements = targets.map(
    ([id, type, target]) =>
      `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`,
  );
  return `<Relationships xmlns="${RELATIONSHIPS}">${elements.join('')}</Relationships>`;
}

function officePackage(main: string, parts: Parts): Buffer {
  const root = relationships([['r1', 'officeDocument', main]]);
  return makeZip(Object.entries({ '[Content_Types].xml': TYPES, '_rels/.rels': root, ...parts }));
}

export function docx(document: string, moreParts: Parts = {}): Buffer {
  return officePackage('word/document.xml', { 'word/document.xml': document, ...moreParts });
}

/** Makes a workbook with a relationship and an entry for each sheet; `parts` holds the sheets. */
export function xlsx(sheets: readonly string[], parts: Parts): Buffer {
  const entries = sheets
    .map((_, index) => `<sheet name="s${index}" sheetId="${index + 1}" r:id="s${index}"/>`)
    .join('');
  const workbook = `<workbook xmlns:r="${OFFICE}"><sheets>${entries}</sheets></workbook>`;
  const targets = sheets.map((target, index) => [`s${index}`, 'worksheet', target] as const);
  const relations = relationships([...targets, ['strings', 'sharedStrings', 'sharedStrings.xml']]);
  return officePackage('xl/workbook.xml', {
    'xl/workbook.xml': workbook,
    'xl/_rels/workbook.xml.rels': relations,
    ...parts,
  });
}

export function pptx(slides: readonly string[], parts: Parts): Buffer {
  const entries = slides
    .map((_, index) => `<p:sldId id="${256 + index}" r:id="s${index}"/>`)
    .join('');
  const presentation = `<p:presentation xmlns:p="p" xmlns:r="${OFFICE}"><p:sldIdLst>${entries}</p:sldIdLst></p:presentation>`;
  const relations = relationships(
    slides.map((target, index) => [`s${index}`, 'slide', target] as const),
  );
  return officePackage('ppt/presentation.xml', {
    'ppt/presentation.xml': presentation,
    'ppt/_rels/presentation.xml.rels': relations,
    ...parts,
  });
}

export function odt(content: string): Buffer {
  const manifest = `<manifest:manifest xmlns:manifest="m"><manifest:file-entry manifest:full-path="/" manifest:media-type="${ODT}"/></manifest:manifest>`;
  return makeZip(
    Object.entries({ mimetype: ODT, 'META-INF/manifest.xml': manifest, 'content.xml': content }),
  );
}
