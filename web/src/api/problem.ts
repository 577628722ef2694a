import { CombinedGraphQLErrors, ServerError } from '@apollo/client/errors';

/**
 * What a person is told when a request failed: the code leads to the cure (`cures.ts`), the message
 * is the server's own.
 */
export interface Problem {
  code: string;
  message: string;
  retryAfterSeconds?: number;
}

/** Not of the server: the answer never came. */
export const NO_RESPONSE: Problem = { code: 'NO_RESPONSE', message: 'The server did not answer.' };

const record = (value: unknown): Record<string, unknown> =>
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
 * Both methods: `{"errors":[{message, extensions}]}` of GraphQL and `{"error":{code, message}}` of
 * REST.
 */
export function parseProblem(body: string): Problem | null {
  try {
    const answer = record(JSON.parse(body));
    const first: unknown = Array.isArray(answer['errors']) ? answer['errors'][0] : undefined;
    if (first !== undefined)
      return fromError(record(first)['message'], record(record(first)['extensions']));
    const error = record(answer['error']);
    return 'code' in error ? fromError(error['message'], error) : null;
  } catch {
    return null;
  }
}

const BY_STATUS: Record<number, string> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  413: 'FILE_TOO_LARGE',
  429: 'RATE_LIMITED',
  503: 'DEPENDENCY_UNAVAILABLE',
};

export function problemFromResponse(status: number, body: string): Problem {
  return (
    parseProblem(body) ?? {
      code: BY_STATUS[status] ?? 'INTERNAL_SERVER_ERROR',
      message: `The server answered ${status}.`,
    }
  );
}

export function toProblem(error: unknown): Problem {
  if (CombinedGraphQLErrors.is(error)) {
    const first = error.errors[0];
    return fromError(first?.message, record(first?.extensions));
  }
  if (ServerError.is(error)) return problemFromResponse(error.statusCode, error.bodyText);
  if (error instanceof ProblemError) return error.problem;
  return NO_RESPONSE;
}

/** Thrown by the methods that are not GraphQL's. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}
