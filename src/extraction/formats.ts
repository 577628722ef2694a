/** The supported formats: the only place to change for a new one, besides its reader. */
import type { TextSegment } from '../documents/ports.js';
import type { ReadLimits } from './protocol.js';

/**
 * Yields text in reading order, in segments of any size that split no surrogate pair. Separators
 * between two segments are part of their texts.
 */
export type Reader = (path: string, limits: ReadLimits) => AsyncIterable<TextSegment>;

export interface Format {
  /** The MIME type under which a document is stored. */
  mime: string;
  /** Name for people. */
  label: string;
  /** Extensions by which a file name chooses between formats of one container, in lower case. */
  extensions: readonly string[];
  container: 'pdf' | 'zip' | 'text';
  /** Loads the reader with its first document: a plain text does not wait for pdf.js. */
  reader: () => Promise<Reader>;
}

export const PDF = 'application/pdf';
export const HTML = 'text/html';
export const PLAIN_TEXT = 'text/plain';

const OFFICE = 'application/vnd.openxmlformats-officedocument';

export async function loadTextReader(): Promise<Reader> {
  return (await import('./readers/text.js')).readText;
}

export const FORMATS: readonly Format[] = [
  {
    mime: PDF,
    label: 'PDF',
    extensions: ['pdf'],
    container: 'pdf',
    reader: async () => (await import('./readers/pdf.js')).readPdf,
  },
  {
    mime: `${OFFICE}.wordprocessingml.document`,
    label: 'DOCX',
    extensions: ['docx'],
    container: 'zip',
    reader: async () => (await import('./readers/docx.js')).readDocx,
  },
  {
    mime: `${OFFICE}.presentationml.presentation`,
    label: 'PPTX',
    extensions: ['pptx'],
    container: 'zip',
    reader: async () => (await import('./readers/pptx.js')).readPptx,
  },
  {
    mime: `${OFFICE}.spreadsheetml.sheet`,
    label: 'XLSX',
    extensions: ['xlsx'],
    container: 'zip',
    reader: async () => (await import('./readers/xlsx.js')).readXlsx,
  },
  {
    mime: 'application/vnd.oasis.opendocument.text',
    label: 'ODT',
    extensions: ['odt'],
    container: 'zip',
    reader: async () => (await import('./readers/odt.js')).readOdt,
  },
  {
    mime: HTML,
    label: 'HTML',
    extensions: ['html', 'htm', 'xhtml'],
    container: 'text',
    reader: async () => (await import('./readers/html.js')).readHtml,
  },
  {
    mime: 'text/markdown',
    label: 'Markdown',
    extensions: ['md', 'markdown'],
    container: 'text',
    reader: loadTextReader,
  },
  {
    mime: PLAIN_TEXT,
    label: 'plain text',
    // Every text without another extension is plain text, unless it looks like HTML.
    extensions: [],
    container: 'text',
    reader: loadTextReader,
  },
  {
    mime: 'text/csv',
    label: 'CSV',
    extensions: ['csv'],
    container: 'text',
    reader: loadTextReader,
  },
  {
    mime: 'application/json',
    label: 'JSON',
    extensions: ['json'],
    container: 'text',
    reader: loadTextReader,
  },
];

/** Returns the MIME types of one container, by extension. */
export function mimeTypesByExtension(container: Format['container']): ReadonlyMap<string, string> {
  const formats = FORMATS.filter((format) => format.container === container);
  return new Map(formats.flatMap(({ mime, extensions }) => extensions.map((name) => [name, mime])));
}
