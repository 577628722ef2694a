import { registerEnumType } from 'type-graphql';
import type { DocumentStatus, Priority, StatusEventKind } from '../../../documents/document.js';
import type { SearchMode } from '../../../documents/ports.js';

type EnumOf<Name extends string> = { [Key in Name]: Key };

export const DocumentStatusEnum: EnumOf<DocumentStatus> = {
  PENDING: 'PENDING',
  EXTRACTING: 'EXTRACTING',
  VECTORIZING: 'VECTORIZING',
  COMPLETED: 'COMPLETED',
  FAILED: 'FAILED',
  CANCELLED: 'CANCELLED',
  DELETING: 'DELETING',
};

registerEnumType(DocumentStatusEnum, {
  name: 'DocumentStatus',
  description:
    'The state of the processing of a document. COMPLETED, FAILED and CANCELLED are terminal for their generation. DELETING appears only in the last event of a document: from then on every read treats the document as absent.',
  valuesConfig: {
    PENDING: {
      description: 'The document waits for a worker, for scheduledFor or for nextAttemptAt.',
    },
    EXTRACTING: { description: 'A worker extracts the text of the file.' },
    VECTORIZING: { description: 'A worker embeds and stores the passages; progress counts them.' },
    COMPLETED: { description: 'Every passage is stored, and searches can find it.' },
    FAILED: { description: 'Processing failed for good; error has the reason and the stage.' },
    CANCELLED: { description: 'A person cancelled the processing.' },
    DELETING: { description: 'Hidden from all reads; its vectors and file are being deleted.' },
  },
});

export const PriorityEnum: EnumOf<Priority> = { HIGH: 'HIGH', NORMAL: 'NORMAL', LOW: 'LOW' };

registerEnumType(PriorityEnum, {
  name: 'Priority',
  description:
    'A position in the queue. A waiting document moves up over time, so LOW documents are processed as well.',
  valuesConfig: {
    HIGH: { description: 'Before waiting documents.' },
    NORMAL: { description: 'In the order of upload.' },
    LOW: { description: 'After waiting documents.' },
  },
});

export const SearchModeEnum: EnumOf<SearchMode> = {
  HYBRID: 'HYBRID',
  SEMANTIC: 'SEMANTIC',
  KEYWORD: 'KEYWORD',
};

registerEnumType(SearchModeEnum, {
  name: 'SearchMode',
  description: 'How a search finds passages.',
  valuesConfig: {
    HYBRID: { description: 'By meaning and by words, combined with reciprocal rank fusion.' },
    SEMANTIC: { description: 'By meaning, in any words.' },
    KEYWORD: { description: 'By words, in any grammatical form.' },
  },
});

export const StatusEventKindEnum: EnumOf<StatusEventKind> = {
  SNAPSHOT: 'SNAPSHOT',
  CHANGE: 'CHANGE',
  PROGRESS: 'PROGRESS',
};

registerEnumType(StatusEventKindEnum, {
  name: 'StatusEventKind',
  description: 'The kind of an event.',
  valuesConfig: {
    SNAPSHOT: {
      description: 'The state of the document when the watch started or was read again.',
    },
    CHANGE: { description: 'A durable change, with a new seq.' },
    PROGRESS: { description: 'More stored chunks, with the same seq.' },
  },
});
