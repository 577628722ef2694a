/** What an error code means to a person, and what that person can do. */
export interface ErrorHelp {
  title: string;
  action: string;
}

const RETRIED_AUTOMATICALLY = 'No action is needed: the document is retried automatically.';
const CONTACT_ADMINISTRATOR = 'Try again. If the problem persists, contact your administrator.';

/** By the codes of docs/errors.md; test/unit/web-error-help.test.ts compares the two lists. */
const HELP_BY_CODE = new Map<string, ErrorHelp>(
  Object.entries({
    // Processing errors
    ENCRYPTED: {
      title: 'The file needs a password',
      action: 'Save a copy without the password and upload that copy.',
    },
    CORRUPT: {
      title: 'The file is damaged',
      action: 'Open it in the program that created it, save it again and upload the new copy.',
    },
    UNSUPPORTED_CONTENT: {
      title: 'The content does not match the file name',
      action: 'Save the document as PDF, Word or plain text and upload that copy.',
    },
    EMPTY_TEXT: {
      title: 'The file contains no text',
      action: 'It is probably a scan. Run text recognition (OCR) on it and upload the result.',
    },
    TOO_MANY_CHUNKS: {
      title: 'The document is too long',
      action: 'Split it into smaller files and upload them one by one.',
    },
    EXTRACTION_LIMIT: {
      title: 'Reading the file took too much time or memory',
      action: 'Split the file or export a simpler copy, and upload that.',
    },
    EMBEDDER_REFUSED: {
      title: 'The embedding service rejected the document',
      action:
        'Ask your administrator to check the embedding service’s key, then upload the file again.',
    },
    EMBEDDER_UNAVAILABLE: {
      title: 'The embedding service is not responding',
      action: RETRIED_AUTOMATICALLY,
    },
    VECTOR_STORE_UNAVAILABLE: {
      title: 'The vector store is not responding',
      action: RETRIED_AUTOMATICALLY,
    },
    BLOB_MISSING: { title: 'The stored file is missing', action: 'Upload the same file again.' },
    WORKER_LOST: {
      title: 'The worker stopped before it finished',
      action: 'No action is needed: another worker takes over.',
    },
    ATTEMPTS_EXHAUSTED: {
      title: 'All attempts failed',
      action: 'Upload the file again when the cause is fixed.',
    },
    INTERNAL: { title: 'Something went wrong on our side', action: RETRIED_AUTOMATICALLY },
    // Request errors
    UNAUTHENTICATED: { title: 'You are not signed in', action: 'Sign in again.' },
    FORBIDDEN: {
      title: 'You are not allowed to do this',
      action: 'Contact your administrator.',
    },
    BAD_USER_INPUT: {
      title: 'The server did not accept the input',
      action: 'Change what the message names and try again.',
    },
    DOCUMENT_NOT_FOUND: {
      title: 'The document does not exist',
      action: 'It may have been deleted.',
    },
    CONFLICT: {
      title: 'The document’s status does not allow this now',
      action: 'Check its status and try again.',
    },
    NOT_FOUND: {
      title: 'Not found',
      action: 'This page may be older than the server. Reload the page.',
    },
    BAD_REQUEST: {
      title: 'The server rejected the request',
      action: 'Reload the page and try again.',
    },
    REQUEST_TIMEOUT: {
      title: 'The connection is too slow',
      action: 'Try again on a faster connection, or with a smaller file.',
    },
    REQUEST_TOO_LARGE: { title: 'The request is too large', action: 'Request less at once.' },
    FILE_TOO_LARGE: {
      title: 'The file is too large',
      action: 'Split it or make it smaller, then upload it again.',
    },
    UNSUPPORTED_MEDIA_TYPE: {
      title: 'This file type is not supported',
      action: 'Save the document as PDF, Word or plain text and upload that copy.',
    },
    EMPTY_FILE: {
      title: 'The file is empty',
      action: 'Check that it was saved, then upload it again.',
    },
    RATE_LIMITED: { title: 'Too many requests', action: 'Wait a moment, then try again.' },
    QUOTA_EXCEEDED: {
      title: 'Your storage is full',
      action: 'Delete documents that you no longer need, then try again.',
    },
    DEPENDENCY_UNAVAILABLE: {
      title: 'A required service is not responding',
      action: 'Try again in a moment. Repeating the request is safe.',
    },
    INTERNAL_SERVER_ERROR: {
      title: 'Something went wrong on our side',
      action: CONTACT_ADMINISTRATOR,
    },
    // Errors of the page
    NO_RESPONSE: {
      title: 'The server did not respond',
      action: 'Check your network, then try again.',
    },
  }),
);

const UNKNOWN: ErrorHelp = { title: 'An unknown error occurred', action: CONTACT_ADMINISTRATOR };

export const errorHelpCodes = (): string[] => [...HELP_BY_CODE.keys()];

export const hasErrorHelp = (code: string | null): boolean =>
  code !== null && HELP_BY_CODE.has(code);

export const errorHelp = (code: string | null): ErrorHelp =>
  code === null ? UNKNOWN : (HELP_BY_CODE.get(code) ?? UNKNOWN);
