/**
 * The errors that the product throws. Clients match codes, never messages; the codes are a public
 * contract (docs/errors.md). A message says what happened and what to do. It never contains a
 * secret, a stack or the text of a driver; those stay in `cause`, for the log.
 */

/** The codes of request errors, with their HTTP status in REST. */
export const API_ERROR_STATUS = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  /** The request could come from a foreign page. */
  BAD_REQUEST: 400,
  NOT_FOUND: 404,
  REQUEST_TOO_LARGE: 413,
  REQUEST_TIMEOUT: 408,
  DOCUMENT_NOT_FOUND: 404,
  CONFLICT: 409,
  FILE_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  EMPTY_FILE: 400,
  RATE_LIMITED: 429,
  QUOTA_EXCEEDED: 403,
  DEPENDENCY_UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
} as const;

export type ApiErrorCode = keyof typeof API_ERROR_STATUS;

/** The details of a code, the same in every API. */
export interface ApiErrorDetails {
  field?: string;
  status?: string;
  limit?: number;
  retryAfterSeconds?: number;
  errorId?: string;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;
  readonly details: ApiErrorDetails;

  constructor(
    code: ApiErrorCode,
    message: string,
    details: ApiErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  get httpStatus(): number {
    return API_ERROR_STATUS[this.code];
  }
}

/**
 * An expired token. A client can recover from this UNAUTHENTICATED on its own, by refreshing its
 * token (WebSocket close code 4403 instead of 4401).
 */
export class ExpiredTokenError extends ApiError {
  constructor(options?: ErrorOptions) {
    super('UNAUTHENTICATED', 'The token has expired; refresh it and try again.', {}, options);
  }
}

/** The codes of processing errors; `true` means that the system retries automatically. */
export const PROCESSING_ERROR_RETRYABLE = {
  ENCRYPTED: false,
  CORRUPT: false,
  UNSUPPORTED_CONTENT: false,
  EMPTY_TEXT: false,
  TOO_MANY_CHUNKS: false,
  EXTRACTION_LIMIT: false,
  EMBEDDER_REFUSED: false,
  EMBEDDER_UNAVAILABLE: true,
  VECTOR_STORE_UNAVAILABLE: true,
  BLOB_MISSING: false,
  WORKER_LOST: true,
  ATTEMPTS_EXHAUSTED: false,
  INTERNAL: true,
} as const;

export type ProcessingErrorCode = keyof typeof PROCESSING_ERROR_RETRYABLE;

/** The error of an adapter while a document is processed. */
export class ProcessingFailure extends Error {
  override readonly name = 'ProcessingFailure';
  readonly code: ProcessingErrorCode;

  constructor(code: ProcessingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get retryable(): boolean {
    return PROCESSING_ERROR_RETRYABLE[this.code];
  }
}

/** A problem that a person must fix before the product can start. The message is one line. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
