/**
 * The cost of reading a file. The queue (which stores it with each document), the worker and the
 * extractor use this one rule.
 *
 *     NONE   a short text, which the worker itself decodes
 *     SMALL  needs a reader for seconds at most
 *     LARGE  needs a reader, possibly for minutes
 */
export const READING_LOADS = ['NONE', 'SMALL', 'LARGE'] as const;
export type ReadingLoad = (typeof READING_LOADS)[number];

/** Bytes. */
export const MAX_SHORT_TEXT_BYTES = 32 * 1024;
/** Bytes. A larger file may take minutes to read because of its size alone. */
export const MAX_SMALL_FILE_BYTES = 1024 * 1024;

export const TEXT_TYPES: readonly string[] = [
  'text/plain',
  'text/markdown',
  'text/csv',
  'application/json',
];

export function isTextType(mimeType: string): boolean {
  return TEXT_TYPES.includes(mimeType);
}

export function readingLoadOf({
  mimeType,
  fileSize,
}: {
  mimeType: string;
  fileSize: number;
}): ReadingLoad {
  if (isTextType(mimeType) && fileSize <= MAX_SHORT_TEXT_BYTES) return 'NONE';
  return fileSize <= MAX_SMALL_FILE_BYTES ? 'SMALL' : 'LARGE';
}
