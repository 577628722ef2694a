import { errorHelp, type ErrorHelp } from '../api/error-help.js';
import type { DocumentFieldsFragment, DocumentStatus } from '../gql/graphql.js';

/** The statuses of the schema, and PROCESSING, which the classic protocol uses for both stages. */
export type RowStatus = Exclude<DocumentStatus, 'DELETING'> | 'PROCESSING';

export interface RowError {
  /** Null if the protocol names no code. */
  code: string | null;
  cause: string | null;
  message: string;
  retryable: boolean;
}

/** A document as the list shows it. A field is null if the protocol does not report it. */
export interface DocumentRow {
  id: string;
  filename: string | null;
  mimeType: string | null;
  fileSize: number | null;
  status: RowStatus;
  /** 0 to 100. */
  percent: number;
  done: number | null;
  total: number | null;
  error: RowError | null;
  attempt: number | null;
  maxAttempts: number | null;
  queuePosition: number | null;
  vectorCount: number | null;
  scheduledFor: string | null;
  nextAttemptAt: string | null;
  createdAt: string | null;
  startedAt: string | null;
  processedAt: string | null;
}

export function toRow(document: DocumentFieldsFragment): DocumentRow {
  const { progress, status } = document;
  return {
    ...document,
    // Only events have DELETING; a document that is read never does.
    status: status === 'DELETING' ? 'CANCELLED' : status,
    percent: progress.percent,
    done: progress.done,
    total: progress.total,
  };
}

const TERMINAL: readonly RowStatus[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

export const isTerminal = (status: RowStatus): boolean => TERMINAL.includes(status);

/** Returns whether a worker is processing the document. */
export const isRunning = (status: RowStatus): boolean =>
  !isTerminal(status) && status !== 'PENDING';

/** Returns the time from claim to end, or until now while the document is running. */
export function processingMs(
  { status, startedAt, processedAt }: DocumentRow,
  nowMs: number,
): number | null {
  if (startedAt === null) return null;
  if (isRunning(status)) return Math.max(0, nowMs - Date.parse(startedAt));
  return processedAt === null ? null : Math.max(0, Date.parse(processedAt) - Date.parse(startedAt));
}

/** The classic protocol may name no code; the message then explains the error and the action. */
const NO_CODE: ErrorHelp = { title: 'The document could not be processed', action: '' };

/**
 * Returns the help for a row's error. The title of an exhausted document names the last cause. A
 * document in a terminal status is never described as one that is retried.
 */
export function rowErrorHelp({ code, cause, retryable }: RowError, isFinal: boolean): ErrorHelp {
  if (code === null) return NO_CODE;
  const help = errorHelp(code);
  if (code === 'ATTEMPTS_EXHAUSTED' && cause !== null)
    return { ...help, title: `${help.title}: ${lowerFirst(errorHelp(cause).title)}` };
  if (retryable && isFinal) return { ...help, action: 'Upload the file again.' };
  return help;
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
