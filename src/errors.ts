/**
 * Every error that is thrown on purpose. Clients match codes, never messages; the codes are a
 * public contract (docs/errors.md). A message says the thing and the cure; it never holds a secret,
 * a stack or a driver's own words (those stay in `cause`, for the log).
 */

/** Errors of a request, with the HTTP status that REST answers with. */
export const API_ERROR_STATUS = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  /** A request that a foreign page could have sent. */
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

/** The keys that may stand beside a code, the same on every door. */
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
 * A token whose time is over: the one UNAUTHENTICATED a client mends by itself, by refreshing its
 * token (WebSocket close code 4403 instead of 4401).
 */
export class ExpiredTokenError extends ApiError {
  constructor(options?: ErrorOptions) {
    super('UNAUTHENTICATED', 'The token has expired: refresh it and try again.', {}, options);
  }
}

/** Errors of a document's processing; `true` means that the system tries again by itself. */
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

/** Thrown by adapters while a document is processed. */
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

/**
 * What a person must mend before the product can start; the message is the one line that says what
 * and how.
 */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
