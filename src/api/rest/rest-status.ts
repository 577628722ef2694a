import type { Document } from '../../documents/document.js';

export type RestStatus = 'pending' | 'processing' | 'completed' | 'failed';

/**
 * The four words of the seed's clients. What waits for its next try has begun: it reads as
 * processing.
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

export function toRestError(document: Pick<Document, 'status' | 'error'>): string | null {
  if (document.status === 'CANCELLED') return 'cancelled';
  return document.error?.message ?? null;
}
