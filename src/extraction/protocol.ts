/**
 * The messages between the parent and a reading process, and the files in a document's working
 * folder.
 */
import type { ProcessingErrorCode } from '../errors.js';

/** The uploaded file. */
export const CONTENT_FILE = 'content';
/** The text: one JSON segment on each line. */
export const TEXT_FILE = 'text.ndjson';

/** Argument of a child that the kernel does not kill with its parent. */
export const WATCH_PARENT = '--watch-parent';

export interface ReadLimits {
  /** UTF-16 code units of text that a document may hold. */
  maxTextChars: number;
  /** Bytes that all entries of an archive may inflate to in total. */
  maxInflatedBytes: number;
}

/** Parent to child: read CONTENT_FILE in `folder`, write TEXT_FILE. */
export interface ReadJob {
  mimeType: string;
  folder: string;
  limits: ReadLimits;
}

/**
 * Child to parent. `started` is sent before the child reads a byte: if the child dies earlier, the
 * document is not the cause. `cause` is the error of the library, for the log. After a reply with
 * `isLast` the child ends.
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
