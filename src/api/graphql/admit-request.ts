/**
 * What stands between the socket and the parser of a body at /graphql: the token and the preflight
 * header are checked, and the sender's limits are counted, before a byte of the body is read.
 */
import type { Request, RequestHandler, Response } from 'express';
import {
  authenticate,
  parseBearer,
  requireViewer,
  type Authentication,
} from '../auth/authenticate.js';
import { watchToken } from '../auth/token-expiry.js';
import type { Identity, Viewer } from '../../documents/ports.js';
import { ApiError } from '../../errors.js';
import { expectPace } from '../http/body-time.js';
import { releaseWith } from '../http/release-with.js';
import { ANONYMOUS, type ClientLimits } from '../../rate-limit/client-limits.js';
import { createOperationSignal, leftSignal, type OperationSignal } from './operation-signal.js';
import { abortUpload } from './receive-upload.js';

/** A request that was let in. */
export interface Admitted extends Authentication {
  signal: AbortSignal;
}

const admitted = new WeakMap<Request, Admitted>();

/** Of a request that came through `admitRequest`. */
export function admittedOf(request: Request): Admitted {
  const found = admitted.get(request);
  if (!found) throw new Error('the request was not admitted');
  return found;
}

/**
 * Passes UNAUTHENTICATED (a multipart body without a token), BAD_REQUEST, RATE_LIMITED and
 * DEPENDENCY_UNAVAILABLE on to the error handler.
 */
export function admitRequest({
  identity,
  limits,
}: {
  identity: Identity;
  limits: ClientLimits;
}): RequestHandler {
  return async (request, response, next) => {
    const isUpload = Boolean(request.is('multipart/form-data'));
    if (isUpload) assertPreflight(request);
    const authentication = await authenticate(identity, request.headers.authorization);
    if (isUpload) requireViewer(authentication);
    const isStream = wantsEventStream(request);
    const revoked = isStream
      ? revokedSignal(identity, request, response, authentication.viewer)
      : [];
    const operation = createOperationSignal({
      viewer: authentication.viewer,
      left: AbortSignal.any([leftSignal(response), ...revoked]),
      hasDeadline: !isUpload && !isStream,
    });
    releaseWith(response, () => operation.dispose());
    admitted.set(request, { ...authentication, signal: operation.signal });
    await admit(limits, {
      request,
      response,
      authentication,
      operation,
      isLong: isUpload || isStream,
    });
    if (isUpload) await holdUpload(limits, { request, response, authentication, operation });
    next();
  };
}

/** A stream stays open, so its token is checked again from time to time. */
function revokedSignal(
  identity: Identity,
  request: Request,
  response: Response,
  viewer: Viewer | null,
): AbortSignal[] {
  const token = parseBearer(request.headers.authorization);
  if (viewer === null || token === null) return [];
  const revoked = new AbortController();
  releaseWith(
    response,
    watchToken({ identity, token, viewer }, (error) => revoked.abort(error)),
  );
  return [revoked.signal];
}

interface Entering {
  request: Request;
  response: Response;
  authentication: Authentication;
  operation: OperationSignal;
}

async function admit(
  limits: ClientLimits,
  { request, response, authentication, operation, isLong }: Entering & { isLong: boolean },
): Promise<void> {
  const owner = authentication.viewer?.id ?? ANONYMOUS;
  if (owner === ANONYMOUS) holdBody(limits, request, response);
  else limits.requests.spend(owner);
  const leave = await limits.admission.enter(owner, operation.signal);
  // A file and a stream take their time, and have limits of their own.
  if (isLong) leave();
  else releaseWith(response, leave);
}

function holdBody({ anonymousBodies }: ClientLimits, request: Request, response: Response): void {
  const release = anonymousBodies.take(ANONYMOUS);
  request.once('end', release);
  releaseWith(response, release);
}

async function holdUpload(
  { uploads }: ClientLimits,
  { request, response, authentication, operation }: Entering,
): Promise<void> {
  releaseWith(response, await uploads.takeSoon(requireViewer(authentication).id));
  expectPace(request, (error) => abortUpload(request, error));
  operation.signal.addEventListener(
    'abort',
    () => abortUpload(request, toApiError(operation.signal.reason)),
    { once: true },
  );
}

function toApiError(reason: unknown): ApiError {
  return reason instanceof ApiError
    ? reason
    : new ApiError('BAD_USER_INPUT', 'The upload was aborted.', { field: 'file' });
}

/**
 * As Apollo Server does it for other bodies: a foreign page cannot set these headers without asking
 * first.
 */
const PREFLIGHT_HEADERS = ['apollo-require-preflight', 'x-apollo-operation-name'];

function assertPreflight({ headers }: Request): void {
  if (PREFLIGHT_HEADERS.some((name) => headers[name])) return;
  throw new ApiError(
    'BAD_REQUEST',
    'A multipart request needs the header Apollo-Require-Preflight: true, as a prevention of CSRF.',
  );
}

export function wantsEventStream(request: Request): boolean {
  return (
    request.method === 'POST' &&
    request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream'
  );
}
