/** The REST endpoints, for clients without GraphQL, over the same use cases. */
import { create as contentDisposition } from 'content-disposition';
import express, { type Request, type Response, type Router } from 'express';
import { pipeline } from 'node:stream/promises';
import { authenticate } from '../auth/authenticate.js';
import { requireViewer } from '../auth/require-viewer.js';
import { createTokenSignal } from '../auth/token-expiry.js';
import { documentNotFound, isDocumentId } from '../../documents/document-id.js';
import type { Document } from '../../documents/document.js';
import type { BlobStore, DocumentStore, Identity, Viewer } from '../../documents/ports.js';
import type { UploadDocument, UploadResult } from '../../documents/upload-document.js';
import { ProcessingFailure } from '../../errors.js';
import { createClientLimits, type ClientLimits } from '../../rate-limit/client-limits.js';
import { receiveMultipart } from '../http/multipart.js';
import { releaseWith } from '../http/release-with.js';
import { toRestError, toRestStatus } from './rest-status.js';

interface Dependencies {
  identity: Identity;
  store: Pick<DocumentStore, 'find'>;
  blobs: Pick<BlobStore, 'read'>;
  uploadDocument: UploadDocument;
  limits: ClientLimits;
}

type Options = Omit<Dependencies, 'limits'> & {
  /** Default: limits of these endpoints alone. */
  limits?: ClientLimits;
};

export function createRestRouter({ limits = createClientLimits(), ...options }: Options): Router {
  const dependencies = { ...options, limits };
  const router = express.Router();
  router.post('/upload', (request, response) => receiveUpload(dependencies, request, response));
  router.get('/:id/status', (request, response) => sendStatus(dependencies, request, response));
  router.get('/:id/file', (request, response) => sendFile(dependencies, request, response));
  return router;
}

async function receiveUpload(
  dependencies: Dependencies,
  request: Request,
  response: Response,
): Promise<void> {
  const { limits, uploadDocument } = dependencies;
  const { viewer, signal } = await signIn(dependencies, request, response);
  releaseWith(response, await limits.uploads.takeSoon(viewer.id));
  const result = await receiveMultipart({ request, response, signal }, (received) =>
    uploadDocument(viewer, received),
  );
  response.status(202).json(toUploadResponse(result));
}

function toUploadResponse({ document, duplicateOf }: UploadResult): object {
  const { id: documentId, filename: fileName, fileSize, jobId } = document;
  if (duplicateOf === null) {
    const message = 'The document is queued for processing.';
    return { documentId, fileName, fileSize, status: 'queued_for_processing', jobId, message };
  }
  const message = 'A document with the same content exists; it is not processed again.';
  const status = toRestStatus(document);
  return { documentId, fileName, fileSize, status, jobId, message, duplicateOf };
}

async function sendStatus(
  dependencies: Dependencies,
  request: Request<{ id: string }>,
  response: Response,
): Promise<void> {
  const { document } = await findOwn(dependencies, request, response);
  response.set('Cache-Control', 'no-store').json({
    documentId: document.id,
    filename: document.filename,
    status: toRestStatus(document),
    error: toRestError(document),
    createdAt: document.createdAt,
    startedAt: document.startedAt,
    completedAt: document.processedAt,
  });
}

/**
 * Sends the file as it was uploaded. The headers make the browser save it, and give it no rights if
 * a browser displays it anyway.
 */
async function sendFile(
  dependencies: Dependencies,
  request: Request<{ id: string }>,
  response: Response,
): Promise<void> {
  const { document, signal } = await findOwn(dependencies, request, response);
  const content = await dependencies.blobs.read(document.blobKey).catch((error: unknown) => {
    throw error instanceof ProcessingFailure ? documentNotFound() : error;
  });
  response.set({
    'Content-Type': document.mimeType,
    'Content-Length': String(document.fileSize),
    'Content-Disposition': contentDisposition(document.filename),
    'Content-Security-Policy': 'sandbox',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'private, no-store',
  });
  // A client that disconnects, or whose token expires, is not an error of the server.
  await pipeline(content, response, { signal }).catch(() => undefined);
}

interface SignedIn {
  viewer: Viewer;
  /** Aborts when the token expires. */
  signal: AbortSignal;
}

async function findOwn(
  dependencies: Dependencies,
  request: Request<{ id: string }>,
  response: Response,
): Promise<{ document: Document; signal: AbortSignal }> {
  const { viewer, signal } = await signIn(dependencies, request, response);
  const document = isDocumentId(request.params.id)
    ? await dependencies.store.find(viewer.id, request.params.id)
    : null;
  if (document === null) throw documentNotFound();
  return { document, signal };
}

/**
 * Checks the token and waits for admission, before the body is read. Throws UNAUTHENTICATED,
 * RATE_LIMITED or DEPENDENCY_UNAVAILABLE.
 */
async function signIn(
  { identity, limits }: Dependencies,
  request: Pick<Request, 'headers'>,
  response: Response,
): Promise<SignedIn> {
  const viewer = requireViewer(await authenticate(identity, request.headers.authorization));
  limits.requests.spend(viewer.id);
  const { signal, dispose } = createTokenSignal(viewer);
  releaseWith(response, dispose);
  const leave = await limits.admission.enter(viewer.id, signal);
  leave();
  return { viewer, signal };
}
