import type { RowError } from '../documents/document-row.js';

/**
 * What a code means to a person, and what that person can do about it. The codes are the contract's
 * (errors.md).
 */
export interface ErrorHelp {
  title: string;
  action: string;
}

const SAME_FILE_AGAIN = 'Upload the same file again.';
const BY_ITSELF = 'Nothing to do: it is tried again by itself.';

const HELP_BY_CODE = new Map<string, ErrorHelp>(
  Object.entries({
    // Of a document's processing
    ENCRYPTED: {
      title: 'It needs a password',
      action: 'Save a copy without the password and upload that copy.',
    },
    CORRUPT: {
      title: 'The file is damaged',
      action: 'Open it in the program that made it, save it anew and upload the new copy.',
    },
    UNSUPPORTED_CONTENT: {
      title: 'Its content is not what its name says',
      action: 'Save it as PDF, Word or plain text and upload that.',
    },
    EMPTY_TEXT: {
      title: 'There is no text in it',
      action: 'It is probably a scan: run text recognition (OCR) on it and upload the result.',
    },
    TOO_MANY_CHUNKS: {
      title: 'It is too long',
      action: 'Split it into smaller files and upload them one by one.',
    },
    EXTRACTION_LIMIT: {
      title: 'Reading it took too much time or memory',
      action: 'Split it, or export a simpler copy, and upload that.',
    },
    EMBEDDER_REFUSED: {
      title: 'The embedding service refused it',
      action:
        'Ask your operator to check the key of the embedding service, then upload the file again.',
    },
    EMBEDDER_UNAVAILABLE: { title: 'The embedding service is not answering', action: BY_ITSELF },
    VECTOR_STORE_UNAVAILABLE: { title: 'The vector store is not answering', action: BY_ITSELF },
    BLOB_MISSING: { title: 'The stored file is gone', action: SAME_FILE_AGAIN },
    WORKER_LOST: {
      title: 'Its worker stopped half-way',
      action: 'Nothing to do: another worker takes over.',
    },
    ATTEMPTS_EXHAUSTED: {
      title: 'Every try failed',
      action: 'When the reason is mended, upload the file again.',
    },
    INTERNAL: { title: 'Something went wrong on our side', action: BY_ITSELF },
    // Of a request
    UNAUTHENTICATED: { title: 'You are not signed in', action: 'Sign in again.' },
    FORBIDDEN: { title: 'You may not do that', action: 'Ask an administrator.' },
    BAD_USER_INPUT: {
      title: 'The server did not understand that',
      action: 'Change what the message names and try again.',
    },
    DOCUMENT_NOT_FOUND: {
      title: 'There is no such document',
      action: 'It may have been deleted meanwhile.',
    },
    CONFLICT: {
      title: 'Its status does not allow that now',
      action: 'Look at its status and try again.',
    },
    NOT_FOUND: {
      title: 'There is nothing here',
      action: 'The page may be older than the service: load it again.',
    },
    BAD_REQUEST: { title: 'The request was rejected', action: 'Reload the page and try again.' },
    REQUEST_TIMEOUT: {
      title: 'The connection is too slow',
      action: 'Try again on a faster connection, or with a smaller file.',
    },
    REQUEST_TOO_LARGE: { title: 'The request is too large', action: 'Ask for less at once.' },
    FILE_TOO_LARGE: {
      title: 'The file is too large',
      action: 'Split it or make it smaller, then upload it again.',
    },
    UNSUPPORTED_MEDIA_TYPE: {
      title: 'We cannot read this kind of file',
      action: 'Save it as PDF, Word or plain text and upload that.',
    },
    EMPTY_FILE: {
      title: 'The file is empty',
      action: 'Check that it was saved, then upload it again.',
    },
    RATE_LIMITED: { title: 'Too much at once', action: 'Wait a moment, then try again.' },
    QUOTA_EXCEEDED: {
      title: 'Your space is full',
      action: 'Delete documents that you no longer need, then try again.',
    },
    DEPENDENCY_UNAVAILABLE: {
      title: 'A part of the service is not answering',
      action: 'Try again in a moment; repeating it is safe.',
    },
    INTERNAL_SERVER_ERROR: {
      title: 'Something went wrong on our side',
      action: 'Try again; if it stays, tell your operator.',
    },
    // Of the page itself
    NO_RESPONSE: {
      title: 'The server did not answer',
      action: 'Check your network, then try again.',
    },
  }),
);

const UNKNOWN: ErrorHelp = {
  title: 'It did not work',
  action: 'Try again; if it stays, tell your operator.',
};

/**
 * Where the protocol names no code, the server's message is all there is, and it says the cure as
 * well.
 */
const OF_THE_MESSAGE: ErrorHelp = { title: 'It could not be processed', action: '' };

export const hasErrorHelp = (code: string | null): boolean =>
  code !== null && HELP_BY_CODE.has(code);

export const errorHelp = (code: string | null): ErrorHelp =>
  code === null ? UNKNOWN : (HELP_BY_CODE.get(code) ?? UNKNOWN);

/**
 * The cure of an exhausted document is that of the reason behind it, unless that one promises tries
 * that will not come.
 */
export function rowErrorHelp({ code, cause, retryable }: RowError, isFinal: boolean): ErrorHelp {
  if (code === null) return OF_THE_MESSAGE;
  const own = errorHelp(code);
  if (code === 'ATTEMPTS_EXHAUSTED' && cause !== null)
    return { title: `${own.title}: ${lowerFirst(errorHelp(cause).title)}`, action: own.action };
  if (retryable && isFinal) return { title: own.title, action: 'Upload the file again.' };
  return own;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
