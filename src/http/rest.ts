/** The doors for clients without GraphQL: thin, over the same use cases. */
import { create as contentDisposition } from 'content-disposition';
import express, { type Request, type Response, type Router } from 'express';
import { pipeline } from 'node:stream/promises';
import { documentNotFound, isDocumentId } from '../documents/delete-document.js';
import type { Document } from '../documents/document.js';
import type { BlobStore, DocumentStore, Identity, Viewer } from '../documents/ports.js';
import type { UploadDocument, UploadResult } from '../documents/upload-document.js';
import { ProcessingFailure } from '../errors.js';
import { requireViewer } from '../graphql/context.js';
import { authenticate } from '../graphql/create-context.js';
import { receiveMultipart } from './multipart.js';
import { toRestError, toRestStatus } from './rest-status.js';

interface Dependencies {
  identity: Identity;
  store: Pick<DocumentStore, 'find'>;
  blobs: Pick<BlobStore, 'read'>;
  uploadDocument: UploadDocument;
}

export function createRestRouter(dependencies: Dependencies): Router {
  const router = express.Router();
  router.post('/upload', (request, response) => upload(dependencies, request, response));
  router.get('/:id/status', (request, response) => status(dependencies, request, response));
  router.get('/:id/file', (request, response) => file(dependencies, request, response));
  return router;
}

async function upload({ identity, uploadDocument }: Dependencies, request: Request, response: Response): Promise<void> {
  const viewer = await signIn(identity, request);
  const result = await receiveMultipart(request, response, (received) => uploadDocument(viewer, received));
  response.status(202).json(toUploadAnswer(result));
}

function toUploadAnswer({ document, duplicateOf }: UploadResult): object {
  const { id: documentId, filename: fileName, fileSize, jobId } = document;
  if (duplicateOf === null) {
    return { documentId, fileName, fileSize, status: 'queued_for_processing', jobId, message: 'The document is queued for processing.' };
  }
  const message = 'The same file is there already; nothing is processed again.';
  return { documentId, fileName, fileSize, status: toRestStatus(document), jobId, message, duplicateOf };
}

async function status(dependencies: Dependencies, request: Request<{ id: string }>, response: Response): Promise<void> {
  const document = await findOwn(dependencies, request);
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

/** As it was uploaded, and never as a page of ours: saved, not shown, and without rights if it is shown all the same. */
async function file(dependencies: Dependencies, request: Request<{ id: string }>, response: Response): Promise<void> {
  const document = await findOwn(dependencies, request);
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
  // A reader that goes away in the middle is no error of ours.
  await pipeline(content, response).catch(() => undefined);
}

async function findOwn({ identity, store }: Dependencies, request: Request<{ id: string }>): Promise<Document> {
  const viewer = await signIn(identity, request);
  const document = isDocumentId(request.params.id) ? await store.find(viewer.id, request.params.id) : null;
  if (document === null) throw documentNotFound();
  return document;
}

async function signIn(identity: Identity, request: Pick<Request, 'headers'>): Promise<Viewer> {
  return requireViewer(await authenticate(identity, request.headers.authorization));
}
