import type { ListPosition } from '../documents/ports.js';
import { ApiError } from '../errors.js';
import type { Document } from '../documents/document.js';
import { isDocumentId } from '../documents/delete-document.js';

/** Throws BAD_USER_INPUT that names the field. */
export function assertRange(field: string, value: number, minimum: number, maximum: number): void {
  if (value >= minimum && value <= maximum) return;
  throw new ApiError('BAD_USER_INPUT', `${field} must be ${String(minimum)} to ${String(maximum)}.`, { field, limit: maximum });
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
    throw new ApiError('BAD_USER_INPUT', 'after is not a cursor of this list: take one from an edge or from pageInfo.', { field: 'after' });
  }
  return { createdAt, id };
}
