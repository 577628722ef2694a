/**
 * The expected responses: the codes of src/errors.ts, HTTP statuses and close codes. Any other
 * response is a finding.
 */
import { API_ERROR_STATUS, PROCESSING_ERROR_RETRYABLE } from '../../src/errors.js';

/** Codes of GraphQL for requests that reach no field. */
const GRAPHQL_CODES = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_REQUEST'];
/** Declared codes that no input of a client may cause. */
const BUGS = new Set([
  'INTERNAL_SERVER_ERROR',
  'INTERNAL',
  'WORKER_LOST',
  'ATTEMPTS_EXHAUSTED',
  'BLOB_MISSING',
]);

export const KNOWN_CODES: ReadonlySet<string> = new Set(
  [
    ...Object.keys(API_ERROR_STATUS),
    ...Object.keys(PROCESSING_ERROR_RETRYABLE),
    ...GRAPHQL_CODES,
  ].filter((code) => !BUGS.has(code)),
);

/** HTTP statuses. Node itself sends 431. */
export const KNOWN_STATUSES: ReadonlySet<number> = new Set([
  200, 202, 400, 401, 403, 404, 405, 406, 408, 413, 415, 429, 431, 503,
]);

/**
 * Close codes of RFC 6455, graphql-transport-ws and docs/api.md. 1006 is a connection without a
 * close frame; 1011 and 4500 would be bugs.
 */
export const KNOWN_CLOSE_CODES: ReadonlySet<number> = new Set([
  1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1012, 1013, 4400, 4401, 4403, 4406, 4408,
  4409, 4429,
]);
