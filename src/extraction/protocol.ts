/**
 * What the parent and the process that reads say to each other, and the files in a document's
 * working folder.
 */
import type { ProcessingErrorCode } from '../errors.js';

/** As it was uploaded. */
export const CONTENT_FILE = 'content';
/** One JSON segment a line. */
export const TEXT_FILE = 'text.ndjson';

/** Argument of a child that the kernel does not end with its parent. */
export const WATCH_PARENT = '--watch-parent';

export interface ReadLimits {
  /** UTF-16 code units of text that a document may hold. */
  maxTextChars: number;
  /** Bytes that the parts of an archive may inflate to, all together. */
  maxInflatedBytes: number;
}

/** Parent to child: read CONTENT_FILE in `folder`, write TEXT_FILE. */
export interface ReadJob {
  mimeType: string;
  folder: string;
  limits: ReadLimits;
}

/**
 * Child to parent. `started` comes before a byte is read: a child that dies before it died of
 * something else than the document. `cause` is the driver's own error, for the log. After an answer
 * that `isLast` the child ends.
 */
export type ReadReply =
  | { type: 'started' }
  | { type: 'done'; rssBytes: number }
  | {
      type: 'failed';
      code: ProcessingErrorCode;
      message: string;
      cause: string;
      rssBytes: number;
      isLast: boolean;
    };
