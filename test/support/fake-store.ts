/** Documents in memory, with the rules of the real store that the status hub and worker need. */
import { randomUUID } from 'node:crypto';
import type { Document, StatusEvent } from '../../src/documents/document.js';
import type { Change, Claim, DocumentStore } from '../../src/documents/ports.js';
import {
  isAllowedChange,
  isRunning,
  isUnfinished,
  toChangeEvent,
} from '../../src/documents/status.js';
import { makeDocument } from './make-document.js';

export type FakeStore = Pick<
  DocumentStore,
  'findMany' | 'recent' | 'events' | 'claim' | 'change' | 'renew'
> & {
  add(more?: Partial<Document>): Document;
  get(id: string): Document;
  /** Makes one durable change, even if the table of changes forbids it; returns its event. */
  set(id: string, more: Partial<Document>): StatusEvent;
  /** Replaces the lease, as if it had expired and another worker had claimed the document. */
  takeLease(id: string): void;
  remove(id: string): void;
  leaseOf(id: string): string | undefined;
};

export function createFakeStore(): FakeStore {
  const documents = new Map<string, Document>();
  const leases = new Map<string, string>();
  const history: StatusEvent[] = [];

  function get(id: string): Document {
    const document = documents.get(id);
    if (!document) throw new Error(`no document ${id}`);
    return document;
  }

  function set(id: string, more: Partial<Document>): StatusEvent {
    const before = get(id);
    const after = { ...before, seq: before.seq + 1, updatedAt: new Date(), ...more };
    documents.set(id, after);
    if (!isRunning(after.status)) leases.delete(id);
    const event = toChangeEvent(after, before.status);
    history.push(event);
    return event;
  }

  function changeOne(change: Change): StatusEvent | null {
    const { documentId, generation, from, to, leaseToken, set: more = {} } = change;
    if (!isAllowedChange(change)) throw new RangeError(`no document may go from ${from} to ${to}`);
    const document = get(documentId);
    const holds = leaseToken === undefined || leases.get(documentId) === leaseToken;
    if (document.status !== from || document.generation !== generation || !holds) return null;
    const {
      chunkCount = document.progress.total,
      progressDone = document.progress.done,
      nextAttemptInMs = null,
      ...rest
    } = more;
    const nextAttemptAt = nextAttemptInMs === null ? null : new Date(Date.now() + nextAttemptInMs);
    return set(documentId, {
      ...rest,
      status: to,
      nextAttemptAt,
      progress: { done: progressDone, total: chunkCount },
    });
  }

  function claimOne(document: Document): { claim: Claim; event: StatusEvent } {
    const leaseToken = randomUUID();
    const event = set(document.id, {
      status: 'EXTRACTING',
      attempt: document.attempt + 1,
      startedAt: new Date(),
    });
    leases.set(document.id, leaseToken);
    return { claim: { document: get(document.id), leaseToken }, event };
  }

  return {
    add: (more) => {
      const document = makeDocument(more);
      documents.set(document.id, document);
      for (let seq = 1; seq <= document.seq; seq += 1)
        history.push(toChangeEvent({ ...document, seq }, null));
      return document;
    },
    get,
    set,
    takeLease: (id) => void leases.set(id, randomUUID()),
    remove: (id) => void documents.delete(id),
    leaseOf: (id) => leases.get(id),
    findMany: async (ids) => ids.flatMap((id) => documents.get(id) ?? []),
    recent: async (userId, changedSince, limit) =>
      [...documents.values()]
        .filter(
          (document) =>
            document.userId === userId &&
            (isUnfinished(document.status) || document.updatedAt >= changedSince),
        )
        .sort((a, b) => b.updatedAt.getTime() - a.updatedAt.getTime())
        .slice(0, limit),
    events: async (documentId, after, first) =>
      history
        .filter((event) => event.documentId === documentId && event.seq > after)
        .slice(0, first)
        .map(({ document: _document, ...event }) => event),
    claim: async ({ limit }) => {
      const due = [...documents.values()].filter(
        ({ status, nextAttemptAt }) =>
          status === 'PENDING' && (nextAttemptAt?.getTime() ?? 0) <= Date.now(),
      );
      const claimed = due.slice(0, limit).map(claimOne);
      return {
        claims: claimed.map(({ claim }) => claim),
        events: claimed.map(({ event }) => event),
      };
    },
    change: async (changes) => changes.map(changeOne),
    renew: async (held) =>
      held
        .filter((lease) => leases.get(lease.documentId) !== lease.leaseToken)
        .map((lease) => lease.leaseToken),
  };
}
