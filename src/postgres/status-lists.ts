/** Lists of statuses for SQL, made from the rules of documents/status.ts. */
import { DOCUMENT_STATUSES, type DocumentStatus } from '../documents/document.js';
import { isRunning, isTerminal, isUnfinished } from '../documents/status.js';
import { fromStatus } from './rows.js';

/** Returns the right-hand side of SQL's `in`. */
function sqlList(statuses: readonly DocumentStatus[]): string {
  return `(${statuses.map((status) => `'${fromStatus(status)}'`).join(', ')})`;
}

export const RUNNING = sqlList(DOCUMENT_STATUSES.filter(isRunning));
export const TERMINAL = sqlList(DOCUMENT_STATUSES.filter(isTerminal));
export const UNFINISHED = sqlList(DOCUMENT_STATUSES.filter(isUnfinished));

const FINAL_WITHOUT_RESULT: readonly DocumentStatus[] = ['FAILED', 'CANCELLED', 'DELETING'];

/** The statuses that the index `documents_ended` holds. */
export const ENDED = sqlList(FINAL_WITHOUT_RESULT);

/** The statuses that release the dedupe hash, so that the same bytes can be uploaded again. */
export const RELEASES_HASH = sqlList(FINAL_WITHOUT_RESULT);

/** All other statuses: an upload of the same bytes is a duplicate of such a document. */
export const HOLDS_HASH = sqlList(
  DOCUMENT_STATUSES.filter((status) => !FINAL_WITHOUT_RESULT.includes(status)),
);
