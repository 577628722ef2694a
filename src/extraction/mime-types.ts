/** The formats we read, by the MIME type under which a document is stored. */
export const PDF = 'application/pdf';
export const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
export const PPTX = 'application/vnd.openxmlformats-officedocument.presentationml.presentation';
export const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
export const ODT = 'application/vnd.oasis.opendocument.text';
export const HTML = 'text/html';
export const MARKDOWN = 'text/markdown';
export const PLAIN_TEXT = 'text/plain';
export const CSV = 'text/csv';
export const JSON_TEXT = 'application/json';

export const MIME_TYPES = [
  PDF,
  DOCX,
  PPTX,
  XLSX,
  ODT,
  HTML,
  MARKDOWN,
  PLAIN_TEXT,
  CSV,
  JSON_TEXT,
] as const;
