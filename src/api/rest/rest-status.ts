import type { Document } from '../../documents/document.js';

export type RestStatus = 'pending' | 'processing' | 'completed' | 'failed';

/**
 * Returns the status as REST and the plain WebSocket name it. A document that waits for its next
 * attempt is `processing`, because its first attempt has started.
 */
export function toRestStatus(document: Pick<Document, 'status' | 'attempt'>): RestStatus {
  switch (document.status) {
    case 'PENDING':
      return document.attempt > 0 ? 'processing' : 'pending';
    case 'EXTRACTING':
    case 'VECTORIZING':
      return 'processing';
    case 'COMPLETED':
      return 'completed';
    case 'FAILED':
    case 'CANCELLED':
    case 'DELETING':
      return 'failed';
  }
}

/** Returns the error text of a document; null if it has not failed. */
export function toRestError(document: Pick<Document, 'status' | 'error'>): string | null {
  if (document.status === 'CANCELLED') return 'cancelled';
  return document.error?.message ?? null;
}
