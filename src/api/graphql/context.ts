import type DataLoader from 'dataloader';
import type { Authentication } from '../auth/authenticate.js';
import type { DeleteDocument } from '../../documents/delete-document.js';
import type { Document, DocumentStatus, StatusEvent } from '../../documents/document.js';
import type { DocumentStore, FormatDetector } from '../../documents/ports.js';
import type { SearchDocuments } from '../../documents/search-documents.js';
import type { UploadDocument } from '../../documents/upload-document.js';
import type { StatusHub } from '../../status/hub.js';

/** What the resolvers may call: the use cases, and the reads that need none. */
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

/**
 * Without a valid token every root field throws `refusal`, or says that there is no token where it
 * is null.
 */
export interface Context extends Authentication {
  services: Services;
  /**
   * Aborts when nobody waits for the operation any more: its client left, its token expired, or its
   * time is over.
   */
  signal: AbortSignal;
  /** Settles when the multipart body has been read to its end. */
  uploadEnded: Promise<void>;
  loaders: Loaders;
}

export interface Loaders {
  document: DataLoader<string, Document | null>;
  queuePosition: DataLoader<string, number | null>;
  events: DataLoader<HistoryKey, StatusEvent[], string>;
  /** By user. */
  counts: DataLoader<string, { status: DocumentStatus; count: number }[]>;
}

/** A part of the history of one document. */
export interface HistoryKey {
  documentId: string;
  after: number;
  first: number;
}
