import type { ListPosition } from '../../documents/ports.js';
import { ApiError } from '../../errors.js';
import type { Document } from '../../documents/document.js';
import { isDocumentId } from '../../documents/document-id.js';
import { DOCUMENT_STATUSES } from '../../documents/document.js';
import { MAX_QUERY_LENGTH } from '../../documents/search-documents.js';

/** Throws BAD_USER_INPUT that names the field. */
export function assertRange(field: string, value: number, minimum: number, maximum: number): void {
  if (value >= minimum && value <= maximum) return;
  throw new ApiError('BAD_USER_INPUT', `${field} must be ${minimum} to ${maximum}.`, {
    field,
    limit: maximum,
  });
}

/**
 * Longest strings and lists that an argument may hold, by its name; of the others, the defaults.
 */
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  query: MAX_QUERY_LENGTH,
  documentIds: 1_000,
  status: DOCUMENT_STATUSES.length,
};
const MAX_STRING_LENGTH = 200;
const MAX_LIST_LENGTH = 100;

/**
 * Throws BAD_USER_INPUT that names the field and the limit, for a string or a list that is longer
 * than any that can be meant. Looks into input objects; what coercion made of other values, an
 * upload for example, is left alone.
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
  usual: number,
  unit: string,
  field = name,
): void {
  const limit = MAX_LENGTHS[name] ?? usual;
  if (length > limit)
    throw new ApiError('BAD_USER_INPUT', `${field} has more than ${limit} ${unit}.`, {
      field,
      limit,
    });
}

/** Input objects are plain, or instances of the input types of the schema. */
function isInput(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof Promise) &&
    !('createReadStream' in value)
  );
}

/** Opaque to clients. */
export function toCursor({ createdAt, id }: Document): string {
  return Buffer.from(`${createdAt.toISOString()} ${id}`).toString('base64url');
}

/** JavaScript knows years that no database takes. */
const PLAIN_YEAR = /^[12]\d{3}-/;

/** Throws BAD_USER_INPUT for what is no cursor of ours. */
export function parseCursor(cursor: string): ListPosition {
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  const createdAt = new Date(time);
  if (Number.isNaN(createdAt.getTime()) || !PLAIN_YEAR.test(time) || !isDocumentId(id)) {
    throw new ApiError(
      'BAD_USER_INPUT',
      'after is not a cursor of this list: take one from an edge or from pageInfo.',
      { field: 'after' },
    );
  }
  return { createdAt, id };
}
