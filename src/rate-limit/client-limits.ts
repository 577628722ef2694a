/**
 * What clients of one API process may hold and send at once: one set for all its endpoints
 * (docs/limits.md).
 */
import { createAdmission, type Admission } from './admission.js';
import { createQuota, type Quota } from './quota.js';
import { createRequestRate, type RequestRate } from './request-rate.js';

export interface ClientLimits {
  requests: RequestRate;
  admission: Admission;
  /** WebSockets and streams over SSE, together. */
  connections: Quota;
  /** Over all connections. */
  subscriptions: Quota;
  uploads: Quota;
  /** Requests without a valid token whose body is still coming. The owner is always the same. */
  anonymousBodies: Quota;
}

export interface ClientLimitOptions {
  /** Of one user, a second. */
  requestsPerSecond?: number;
  connectionsPerUser?: number;
  uploadsPerUser?: number;
}

/** Owner of what nobody has signed in for. A user's id is never empty. */
export const ANONYMOUS = '';

const BURST_SECONDS = 4;
/** Requests of one user that run at once; a page sends a handful. */
const RUNNING_PER_USER = 16;
const WAITING_PER_USER = 500;
const TOTAL_WAITING = 5_000;
const SUBSCRIPTIONS_PER_USER = 2_000;
const UPLOADS_IN_ALL = 200;
const ANONYMOUS_BODIES = 100;

export function createClientLimits({
  requestsPerSecond = 500,
  connectionsPerUser = 50,
  uploadsPerUser = 32,
}: ClientLimitOptions = {}): ClientLimits {
  return {
    requests: createRequestRate({
      perSecond: requestsPerSecond,
      burst: requestsPerSecond * BURST_SECONDS,
    }),
    admission: createAdmission({
      running: RUNNING_PER_USER,
      waiting: WAITING_PER_USER,
      totalWaiting: TOTAL_WAITING,
    }),
    connections: createQuota({ what: 'connections', perUser: connectionsPerUser }),
    subscriptions: createQuota({ what: 'subscriptions', perUser: SUBSCRIPTIONS_PER_USER }),
    uploads: createQuota({ what: 'uploads', perUser: uploadsPerUser, total: UPLOADS_IN_ALL }),
    anonymousBodies: createQuota({
      what: 'requests without a token',
      perUser: ANONYMOUS_BODIES,
      total: ANONYMOUS_BODIES,
    }),
  };
}
