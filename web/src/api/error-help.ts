import type { RowError } from '../documents/document-row.js';

/**
 * What a code means to a person, and what that person can do about it. The codes are the contract's
 * (errors.md).
 */
export interface Cure {
  title: string;
  cure: string;
}

const SAME_FILE_AGAIN = 'Upload the same file again.';
const BY_ITSELF = 'Nothing to do: it is tried again by itself.';

const CURES = new Map<string, Cure>(
  Object.entries({
    // Of a document's processing
    ENCRYPTED: {
      title: 'It needs a password',
      cure: 'Save a copy without the password and upload that copy.',
    },
    CORRUPT: {
      title: 'The file is damaged',
      cure: 'Open it in the program that made it, save it anew and upload the new copy.',
    },
    UNSUPPORTED_CONTENT: {
      title: 'Its content is not what its name says',
      cure: 'Save it as PDF, Word or plain text and upload that.',
    },
    EMPTY_TEXT: {
      title: 'There is no text in it',
      cure: 'It is probably a scan: run text recognition (OCR) on it and upload the result.',
    },
    TOO_MANY_CHUNKS: {
      title: 'It is too long',
      cure: 'Split it into smaller files and upload them one by one.',
    },
    EXTRACTION_LIMIT: {
      title: 'Reading it took too much time or memory',
      cure: 'Split it, or export a simpler copy, and upload that.',
    },
    EMBEDDER_REFUSED: {
      title: 'The embedding service refused it',
      cure: 'Ask your operator to check the key of the embedding service, then upload the file again.',
    },
    EMBEDDER_UNAVAILABLE: { title: 'The embedding service is not answering', cure: BY_ITSELF },
    VECTOR_STORE_UNAVAILABLE: { title: 'The vector store is not answering', cure: BY_ITSELF },
    BLOB_MISSING: { title: 'The stored file is gone', cure: SAME_FILE_AGAIN },
    WORKER_LOST: {
      title: 'Its worker stopped half-way',
      cure: 'Nothing to do: another worker takes over.',
    },
    ATTEMPTS_EXHAUSTED: {
      title: 'Every try failed',
      cure: 'When the reason is mended, upload the file again.',
    },
    INTERNAL: { title: 'Something went wrong on our side', cure: BY_ITSELF },
    // Of a request
    UNAUTHENTICATED: { title: 'You are not signed in', cure: 'Sign in again.' },
    FORBIDDEN: { title: 'You may not do that', cure: 'Ask an administrator.' },
    BAD_USER_INPUT: {
      title: 'The server did not understand that',
      cure: 'Change what the message names and try again.',
    },
    DOCUMENT_NOT_FOUND: {
      title: 'There is no such document',
      cure: 'It may have been deleted meanwhile.',
    },
    CONFLICT: {
      title: 'Its status does not allow that now',
      cure: 'Look at its status and try again.',
    },
    NOT_FOUND: {
      title: 'There is nothing here',
      cure: 'The page may be older than the service: load it again.',
    },
    BAD_REQUEST: { title: 'The request was rejected', cure: 'Reload the page and try again.' },
    REQUEST_TIMEOUT: {
      title: 'The connection is too slow',
      cure: 'Try again on a faster connection, or with a smaller file.',
    },
    REQUEST_TOO_LARGE: { title: 'The request is too large', cure: 'Ask for less at once.' },
    FILE_TOO_LARGE: {
      title: 'The file is too large',
      cure: 'Split it or make it smaller, then upload it again.',
    },
    UNSUPPORTED_MEDIA_TYPE: {
      title: 'We cannot read this kind of file',
      cure: 'Save it as PDF, Word or plain text and upload that.',
    },
    EMPTY_FILE: {
      title: 'The file is empty',
      cure: 'Check that it was saved, then upload it again.',
    },
    RATE_LIMITED: { title: 'Too much at once', cure: 'Wait a moment, then try again.' },
    QUOTA_EXCEEDED: {
      title: 'Your space is full',
      cure: 'Delete documents that you no longer need, then try again.',
    },
    DEPENDENCY_UNAVAILABLE: {
      title: 'A part of the service is not answering',
      cure: 'Try again in a moment; repeating it is safe.',
    },
    INTERNAL_SERVER_ERROR: {
      title: 'Something went wrong on our side',
      cure: 'Try again; if it stays, tell your operator.',
    },
    // Of the page itself
    NO_ANSWER: { title: 'The server did not answer', cure: 'Check your network, then try again.' },
  }),
);

const UNKNOWN: Cure = {
  title: 'It did not work',
  cure: 'Try again; if it stays, tell your operator.',
};

/**
 * Where the protocol names no code, the server's message is all there is, and it says the cure as
 * well.
 */
const OF_THE_MESSAGE: Cure = { title: 'It could not be processed', cure: '' };

export const isCureKnown = (code: string | null): boolean => code !== null && CURES.has(code);

export const cureOf = (code: string | null): Cure =>
  code === null ? UNKNOWN : (CURES.get(code) ?? UNKNOWN);

/**
 * The cure of an exhausted document is that of the reason behind it, unless that one promises tries
 * that will not come.
 */
export function cureOfRow({ code, cause, retryable }: RowError, isOver: boolean): Cure {
  if (code === null) return OF_THE_MESSAGE;
  const own = cureOf(code);
  if (code === 'ATTEMPTS_EXHAUSTED' && cause !== null)
    return { title: `${own.title}: ${lowerFirst(cureOf(cause).title)}`, cure: own.cure };
  if (retryable && isOver) return { title: own.title, cure: 'Upload the file again.' };
  return own;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
