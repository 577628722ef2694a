/**
 * Events and documents as JSON, for the history, the outbox and the status bus. Dates are ISO 8601
 * strings.
 */
import type { Document, StatusEvent } from './document.js';

type Json<T> = {
  [Key in keyof T]: T[Key] extends Date
    ? string
    : T[Key] extends Date | null
      ? string | null
      : T[Key];
};

export type SerialisedDocument = Json<Document>;
export type SerialisedEvent = Omit<Json<StatusEvent>, 'document'> & {
  document?: SerialisedDocument;
};

const isoOrNull = (date: Date | null): string | null => date && date.toISOString();
const dateOrNull = (iso: string | null): Date | null => (iso === null ? null : new Date(iso));

export function serialiseEvent({ document, ...event }: StatusEvent): SerialisedEvent {
  return {
    ...event,
    occurredAt: event.occurredAt.toISOString(),
    ...(document && { document: serialiseDocument(document) }),
  };
}

export function parseEvent({ document, ...event }: SerialisedEvent): StatusEvent {
  return {
    ...event,
    occurredAt: new Date(event.occurredAt),
    ...(document && { document: parseDocument(document) }),
  };
}

function serialiseDocument(document: Document): SerialisedDocument {
  return {
    ...document,
    scheduledFor: isoOrNull(document.scheduledFor),
    nextAttemptAt: isoOrNull(document.nextAttemptAt),
    createdAt: document.createdAt.toISOString(),
    updatedAt: document.updatedAt.toISOString(),
    startedAt: isoOrNull(document.startedAt),
    processedAt: isoOrNull(document.processedAt),
  };
}

function parseDocument(document: SerialisedDocument): Document {
  return {
    ...document,
    scheduledFor: dateOrNull(document.scheduledFor),
    nextAttemptAt: dateOrNull(document.nextAttemptAt),
    createdAt: new Date(document.createdAt),
    updatedAt: new Date(document.updatedAt),
    startedAt: dateOrNull(document.startedAt),
    processedAt: dateOrNull(document.processedAt),
  };
}
