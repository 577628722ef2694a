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
    'How far a document is. COMPLETED, FAILED and CANCELLED are terminal for their generation. DELETING is the last event of a document and appears in events only: from then on every query, list, count, search and event.document treats the document as none.',
  valuesConfig: {
    PENDING: { description: 'Waits for a worker, for scheduledFor or for nextAttemptAt.' },
    EXTRACTING: { description: 'A worker reads the text out of the file.' },
    VECTORIZING: { description: 'Passages are embedded and stored; progress counts them.' },
    COMPLETED: { description: 'Every passage is stored and answers searches.' },
    FAILED: { description: 'Given up; error says why and at which stage.' },
    CANCELLED: { description: 'Stopped by a person.' },
    DELETING: { description: 'Gone for every reader; vectors and file are being removed.' },
  },
});

export const PriorityEnum: EnumOf<Priority> = { HIGH: 'HIGH', NORMAL: 'NORMAL', LOW: 'LOW' };

registerEnumType(PriorityEnum, {
  name: 'Priority',
  description: 'Place in the queue. A document that waits moves up, so LOW is served as well.',
  valuesConfig: {
    HIGH: { description: 'Ahead of what waits.' },
    NORMAL: { description: 'In turn.' },
    LOW: { description: 'Behind what waits.' },
  },
});

export const SearchModeEnum: EnumOf<SearchMode> = {
  HYBRID: 'HYBRID',
  SEMANTIC: 'SEMANTIC',
  KEYWORD: 'KEYWORD',
};

registerEnumType(SearchModeEnum, {
  name: 'SearchMode',
  description: 'How passages are found.',
  valuesConfig: {
    HYBRID: { description: 'By meaning and by words, joined by reciprocal rank fusion.' },
    SEMANTIC: { description: 'By meaning.' },
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
  description: 'What an event reports.',
  valuesConfig: {
    SNAPSHOT: { description: 'The state when watching began or was re-read.' },
    CHANGE: { description: 'A durable change.' },
    PROGRESS: { description: 'The same seq, more done.' },
  },
});
