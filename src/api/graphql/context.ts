import type DataLoader from 'dataloader';
import type { Authentication } from '../auth/authenticate.js';
import type { DeleteDocument } from '../../documents/delete-document.js';
import type { Document, DocumentStatus, StatusEvent } from '../../documents/document.js';
import type { DocumentStore, FormatDetector } from '../../documents/ports.js';
import type { SearchDocuments } from '../../documents/search-documents.js';
import type { UploadDocument } from '../../documents/upload-document.js';
import type { StatusHub } from '../../status/hub.js';

/** What resolvers may call: the use cases, and the reads that need no use case. */
export interface Services {
  store: Pick<
    DocumentStore,
    'find' | 'findMany' | 'list' | 'counts' | 'eventsOfMany' | 'queuePositions'
  >;
  hub: StatusHub;
  uploadDocument: UploadDocument;
  deleteDocument: DeleteDocument;
  searchDocuments: SearchDocuments;
  formats: FormatDetector;
  maxUploadBytes: number;
}

/** The context of one request or subscription. Without a viewer, every root field throws. */
export interface Context extends Authentication {
  services: Services;
  /** Aborts when the client disconnects, the token expires, or the time limit is reached. */
  signal: AbortSignal;
  /** Settles when the whole multipart body has been read; rejects if it was invalid. */
  uploadEnded: Promise<void>;
  loaders: Loaders;
}

export interface Loaders {
  document: DataLoader<string, Document | null>;
  queuePosition: DataLoader<string, number | null>;
  events: DataLoader<HistoryKey, StatusEvent[], string>;
  /** By user id. */
  counts: DataLoader<string, { status: DocumentStatus; count: number }[]>;
}

/** A page of the history of one document: up to `first` events with a seq above `after`. */
export interface HistoryKey {
  documentId: string;
  after: number;
  first: number;
}
