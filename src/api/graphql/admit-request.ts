/**
 * The admission of a request at /graphql. The token and the preflight header are checked, and the
 * limits of the user are counted, before a byte of the body is read.
 */
import type { Request, RequestHandler, Response } from 'express';
import { authenticate, parseBearer, type Authentication } from '../auth/authenticate.js';
import { requireViewer } from '../auth/require-viewer.js';
import { watchToken } from '../auth/token-expiry.js';
import type { Identity, Viewer } from '../../documents/ports.js';
import { ApiError } from '../../errors.js';
import { requireUploadRate } from '../http/body-time.js';
import { releaseWith } from '../http/release-with.js';
import { ANONYMOUS, type ClientLimits } from '../../rate-limit/client-limits.js';
import {
  createOperationSignal,
  createDisconnectSignal,
  type OperationSignal,
} from './operation-signal.js';
import { abortUpload } from './receive-upload.js';

/** A request that was admitted. */
export interface Admitted extends Authentication {
  signal: AbortSignal;
}

const admitted = new WeakMap<Request, Admitted>();

/** Returns the admission of a request that passed `admitRequest`. */
export function admittedOf(request: Request): Admitted {
  const found = admitted.get(request);
  if (!found) throw new Error('the request was not admitted');
  return found;
}

/**
 * Admits a request, or fails with UNAUTHENTICATED (a multipart body without a token), BAD_REQUEST,
 * RATE_LIMITED or DEPENDENCY_UNAVAILABLE.
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
    const { viewer } = authentication;
    const ends = [createDisconnectSignal(response)];
    if (isStream) ends.push(createRevokedSignal({ identity, request, response, viewer }));
    const operation = createOperationSignal({
      viewer,
      disconnected: AbortSignal.any(ends),
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

interface Watched {
  identity: Identity;
  request: Request;
  response: Response;
  viewer: Viewer | null;
}

/** Returns a signal that aborts when the token is revoked while the response is open. */
function createRevokedSignal({ identity, request, response, viewer }: Watched): AbortSignal {
  const revoked = new AbortController();
  const token = parseBearer(request.headers.authorization);
  if (viewer !== null && token !== null) {
    const stop = watchToken({ identity, token, viewer }, (error) => revoked.abort(error));
    releaseWith(response, stop);
  }
  return revoked.signal;
}

interface PendingRequest {
  request: Request;
  response: Response;
  authentication: Authentication;
  operation: OperationSignal;
}

async function admit(
  limits: ClientLimits,
  { request, response, authentication, operation, isLong }: PendingRequest & { isLong: boolean },
): Promise<void> {
  const owner = authentication.viewer?.id ?? ANONYMOUS;
  if (owner === ANONYMOUS) holdBody(limits, request, response);
  else limits.requests.spend(owner);
  const leave = await limits.admission.enter(owner, operation.signal);
  // Uploads and streams take long and have their own limits.
  if (isLong) leave();
  else releaseWith(response, leave);
}

function holdBody({ anonymousBodies }: ClientLimits, request: Request, response: Response): void {
  const release = anonymousBodies.take(ANONYMOUS);
  request.once('end', release);
  releaseWith(response, release);
}

/** Counts an upload until its response closes, and aborts it if it is slow or its token expires. */
async function holdUpload(
  { uploads }: ClientLimits,
  { request, response, authentication, operation }: PendingRequest,
): Promise<void> {
  releaseWith(response, await uploads.takeSoon(requireViewer(authentication).id));
  requireUploadRate(request, (error) => abortUpload(request, error));
  operation.signal.addEventListener(
    'abort',
    () => abortUpload(request, toApiError(operation.signal.reason)),
    { once: true },
  );
}

function toApiError(reason: unknown): ApiError {
  return reason instanceof ApiError
    ? reason
    : new ApiError('BAD_USER_INPUT', 'The upload was aborted; send it again.', { field: 'file' });
}

/**
 * The headers that Apollo Server requires for other bodies. A foreign page cannot set them without
 * a preflight request.
 */
const PREFLIGHT_HEADERS = ['apollo-require-preflight', 'x-apollo-operation-name'];

function assertPreflight({ headers }: Request): void {
  if (PREFLIGHT_HEADERS.some((name) => headers[name])) return;
  throw new ApiError(
    'BAD_REQUEST',
    'A multipart request requires the header Apollo-Require-Preflight: true, to prevent CSRF.',
  );
}

export function wantsEventStream(request: Request): boolean {
  return (
    request.method === 'POST' &&
    request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream'
  );
}
