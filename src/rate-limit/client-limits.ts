/**
 * The limits on the clients of one API process. All endpoints share them (docs/limits.md).
 */
import { createAdmission, type Admission } from './admission.js';
import { createQuota, type Quota } from './quota.js';
import { createRequestRate, type RequestRate } from './request-rate.js';

export interface ClientLimits {
  requests: RequestRate;
  admission: Admission;
  /** WebSockets and SSE streams together. */
  connections: Quota;
  /** Subscriptions of all connections of a user. */
  subscriptions: Quota;
  uploads: Quota;
  /** Requests without a valid token whose body is being received. Their owner is ANONYMOUS. */
  anonymousBodies: Quota;
}

export interface ClientLimitOptions {
  /** Requests of one user. */
  requestsPerSecond?: number;
  connectionsPerUser?: number;
  uploadsPerUser?: number;
}

/** The owner of requests without a valid token. A user's id is never empty. */
export const ANONYMOUS = '';

const BURST_SECONDS = 4;
/** Concurrent requests of one user. The page sends fewer than ten. */
const RUNNING_PER_USER = 16;
const WAITING_PER_USER = 500;
const TOTAL_WAITING = 5_000;
const SUBSCRIPTIONS_PER_USER = 2_000;
const TOTAL_UPLOADS = 200;
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
    uploads: createQuota({ what: 'uploads', perUser: uploadsPerUser, total: TOTAL_UPLOADS }),
    anonymousBodies: createQuota({
      what: 'requests without a token',
      perUser: ANONYMOUS_BODIES,
      total: ANONYMOUS_BODIES,
    }),
  };
}
