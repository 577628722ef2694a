import type { DocumentStore } from '../documents/ports.js';
import { createAcceptDocument } from './accept-document.js';
import { changeDocuments } from './change-documents.js';
import { claimDocuments, readQueuePositions } from './claim-documents.js';
import { dueCleanups, finishCleanup } from './cleanups.js';
import type { Database } from './database.js';
import { findOrphanedBlobs } from './find-orphaned-blobs.js';
import { renewLeases, reclaimExpiredLeases } from './leases.js';
import { markDeleting } from './mark-deleting.js';
import {
  countDocuments,
  findDocument,
  findDocuments,
  listDocuments,
  readEvents,
  readEventsOfMany,
  readRecent,
} from './read-documents.js';
import { toDocument } from './rows.js';

/** The documents in PostgreSQL: the source of truth and the queue. */
export function createDocumentStore({
  database,
  maxAttempts,
}: {
  database: Database;
  maxAttempts: number;
}): DocumentStore {
  return {
    accept: createAcceptDocument(database, maxAttempts),
    find: (userId, id) => findDocument(database, userId, id),
    findMany: (ids) => findDocuments(database, ids),
    list: (userId, options) => listDocuments(database, userId, options),
    counts: (userId) => countDocuments(database, userId),
    events: (documentId, after, first) => readEvents(database, documentId, after, first),
    eventsOfMany: (documentIds, after, first) =>
      readEventsOfMany(database, documentIds, after, first),
    recent: (userId, changedSince, limit) => readRecent(database, userId, changedSince, limit),
    queuePositions: (ids) => readQueuePositions(database, ids),
    claim: async (options) => {
      const { rows, events } = await claimDocuments(database, options);
      const claims = rows.flatMap((row) =>
        row.lease_token === null
          ? []
          : [{ document: toDocument(row), leaseToken: row.lease_token }],
      );
      return { claims, events };
    },
    change: (changes) => changeDocuments(database, changes),
    renew: (leases, leaseMs) => renewLeases(database, leases, leaseMs),
    reclaimExpiredLeases: ({ all }) => reclaimExpiredLeases(database, all),
    markDeleting: (userId, id) => markDeleting(database, userId, id),
    dueCleanups: (limit) => dueCleanups(database, limit),
    finishCleanup: (cleanup) => finishCleanup(database, cleanup),
    findOrphanedBlobs: (keys) => findOrphanedBlobs(database, keys),
  };
}
