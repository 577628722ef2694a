import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';

/**
 * A failed request, as the page shows it. The code selects the help in `error-help.ts`; the message
 * is the server's.
 */
export interface Problem {
  code: string;
  message: string;
  retryAfterSeconds?: number;
}

/** The problem of a request without a response. Its code is the page's own. */
export const NO_RESPONSE: Problem = {
  code: 'NO_RESPONSE',
  message: 'The server did not respond.',
};

const toRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {};

function fromError(message: unknown, details: Record<string, unknown>): Problem {
  const { code, retryAfterSeconds } = details;
  return {
    code: typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR',
    message: typeof message === 'string' ? message : 'The server gave no reason.',
    ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
  };
}

/**
 * Reads the error of GraphQL, `{"errors":[{message, extensions}]}`, or of REST,
 * `{"error":{code, message}}`. Returns null for any other body.
 */
export function parseProblem(body: string): Problem | null {
  try {
    const parsed = toRecord(JSON.parse(body));
    const first: unknown = Array.isArray(parsed['errors']) ? parsed['errors'][0] : undefined;
    if (first !== undefined)
      return fromError(toRecord(first)['message'], toRecord(toRecord(first)['extensions']));
    const error = toRecord(parsed['error']);
    return 'code' in error ? fromError(error['message'], error) : null;
  } catch {
    return null;
  }
}

const CODE_BY_STATUS: Record<number, string> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  413: 'FILE_TOO_LARGE',
  429: 'RATE_LIMITED',
  503: 'DEPENDENCY_UNAVAILABLE',
};

export function problemFromResponse(status: number, body: string): Problem {
  return (
    parseProblem(body) ?? {
      code: CODE_BY_STATUS[status] ?? 'INTERNAL_SERVER_ERROR',
      message: `The server responded with status ${status}.`,
    }
  );
}

export function toProblem(error: unknown): Problem {
  if (CombinedGraphQLErrors.is(error)) {
    const first = error.errors[0];
    return fromError(first?.message, toRecord(first?.extensions));
  }
  if (ServerError.is(error)) return problemFromResponse(error.statusCode, error.bodyText);
  if (error instanceof ProblemError) return error.problem;
  return NO_RESPONSE;
}

/** The failure of a REST request; GraphQL requests fail with Apollo's errors. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}
