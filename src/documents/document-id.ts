import { ApiError } from '../errors.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Returns whether an id is well formed. Malformed ids must not reach the database. */
export function isDocumentId(id: string): boolean {
  return UUID.test(id);
}

/** Returns the same error for an id that never existed and for another user's document. */
export function documentNotFound(): ApiError {
  return new ApiError('DOCUMENT_NOT_FOUND', 'The document does not exist.');
}
