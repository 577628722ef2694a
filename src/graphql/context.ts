import type DataLoader from 'dataloader';
import type { DeleteDocument } from '../documents/delete-document.js';
import type { Document, StatusEvent } from '../documents/document.js';
import type { DocumentStore, FormatDetector, Viewer } from '../documents/ports.js';
import type { SearchDocuments } from '../documents/search-documents.js';
import type { UploadDocument } from '../documents/upload-document.js';
import { ApiError } from '../errors.js';
import type { StatusHub } from '../status/hub.js';

/** What the resolvers may call: the use cases, and the reads that need none. */
export interface Services {
  store: Pick<DocumentStore, 'find' | 'findMany' | 'list' | 'counts' | 'eventsOfMany' | 'queuePositions'>;
  hub: StatusHub;
  uploadDocument: UploadDocument;
  deleteDocument: DeleteDocument;
  searchDocuments: SearchDocuments;
  formats: FormatDetector;
  maxUploadBytes: number;
}

export interface Context {
  services: Services;
  /** Null without a valid token; then every root field answers `refusal`, which is null when there was no token at all. */
  viewer: Viewer | null;
  refusal: ApiError | null;
  /** Settles when the multipart body has been read to its end. */
  uploadEnded: Promise<void>;
  loaders: Loaders;
}

export interface Loaders {
  document: DataLoader<string, Document | null>;
  queuePosition: DataLoader<string, number | null>;
  events: DataLoader<HistoryKey, StatusEvent[], string>;
}

/** A part of the history of one document. */
export interface HistoryKey {
  documentId: string;
  after: number;
  first: number;
}

/** Throws UNAUTHENTICATED. */
export function requireViewer(context: Pick<Context, 'viewer' | 'refusal'>): Viewer {
  if (context.viewer === null) throw context.refusal ?? missingToken();
  return context.viewer;
}

function missingToken(): ApiError {
  return new ApiError('UNAUTHENTICATED', 'There is no token: send the header Authorization: Bearer <token>.');
}
