import type { ListPosition } from '../../documents/ports.js';
import { ApiError } from '../../errors.js';
import type { Document } from '../../documents/document.js';
import { isDocumentId } from '../../documents/document-id.js';
import { DOCUMENT_STATUSES } from '../../documents/document.js';
import { MAX_QUERY_LENGTH } from '../../documents/search-documents.js';

/** Throws BAD_USER_INPUT, with the field and the maximum, if the value is out of range. */
export function assertRange(field: string, value: number, minimum: number, maximum: number): void {
  if (value >= minimum && value <= maximum) return;
  throw new ApiError('BAD_USER_INPUT', `${field} must be from ${minimum} to ${maximum}.`, {
    field,
    limit: maximum,
  });
}

/** Maximum length of a string or a list, by the name of the argument. Others have the defaults. */
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  query: MAX_QUERY_LENGTH,
  documentIds: 1_000,
  status: DOCUMENT_STATUSES.length,
};
const MAX_STRING_LENGTH = 200;
const MAX_LIST_LENGTH = 100;

/**
 * Throws BAD_USER_INPUT, with the field and the limit, for a string or a list that is too long.
 * Checks input objects as well, but not values that GraphQL has coerced, such as uploads and dates.
 */
export function assertArguments(values: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(values)) {
    if (typeof value === 'string') assertLength(field, value, MAX_STRING_LENGTH, 'characters');
    else if (Array.isArray(value)) assertList(field, value);
    else if (isInput(value)) assertArguments(value);
  }
}

function assertList(field: string, values: readonly unknown[]): void {
  assertLength(field, values, MAX_LIST_LENGTH, 'entries');
  for (const value of values)
    if (typeof value === 'string') assertLength('', value, MAX_STRING_LENGTH, 'characters', field);
}

function assertLength(
  name: string,
  { length }: { length: number },
  defaultLimit: number,
  unit: string,
  field = name,
): void {
  const limit = MAX_LENGTHS[name] ?? defaultLimit;
  if (length > limit)
    throw new ApiError('BAD_USER_INPUT', `${field} exceeds the limit of ${limit} ${unit}.`, {
      field,
      limit,
    });
}

/** Returns true for an input object, which is plain or an instance of an input type. */
function isInput(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof Promise) &&
    !('createReadStream' in value)
  );
}

/** Returns the cursor of a document in the list, which is opaque to clients. */
export function toCursor({ createdAt, id }: Document): string {
  return Buffer.from(`${createdAt.toISOString()} ${id}`).toString('base64url');
}

/** The years that PostgreSQL and JavaScript write in the same way. */
const PLAIN_YEAR = /^[12]\d{3}-/;

/** Throws BAD_USER_INPUT if `cursor` was not made by `toCursor`. */
export function parseCursor(cursor: string): ListPosition {
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  const createdAt = new Date(time);
  if (Number.isNaN(createdAt.getTime()) || !PLAIN_YEAR.test(time) || !isDocumentId(id)) {
    throw new ApiError(
      'BAD_USER_INPUT',
      'after is not a cursor of this list; use one of an edge or of pageInfo.',
      { field: 'after' },
    );
  }
  return { createdAt, id };
}
