/**
 * What reading a file costs: the one rule, for the queue (which keeps it with each document), the
 * worker and the extractor.
 *
 *     NONE   a short text, decoded in the worker itself
 *     SMALL  needs a reader, for seconds at most
 *     LARGE  needs a reader, and may keep it for minutes
 */
export const READING_LOADS = ['NONE', 'SMALL', 'LARGE'] as const;
export type ReadingLoad = (typeof READING_LOADS)[number];

/** Bytes. */
export const MAX_SHORT_TEXT_BYTES = 32 * 1024;
/** Bytes. A larger file may take long because of its size alone. */
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
