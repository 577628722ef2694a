/**
 * Verifies ID tokens of Firebase Authentication. The signature is verified in this process, with
 * the keys that Google publishes, so that no service account is needed. Tokens of the emulator are
 * unsigned: with an emulator configured, anybody can sign in as any user.
 */
import { initializeApp } from 'firebase-admin/app';
import { getAuth, type Auth, type DecodedIdToken } from 'firebase-admin/auth';
import { randomUUID } from 'node:crypto';
import type { Agent } from 'node:http';
import type { Identity, Viewer } from '../documents/ports.js';
import { ApiError, ExpiredTokenError } from '../errors.js';
import { withDeadline } from '../runtime/deadline.js';

interface Options {
  projectId: string;
  /** `host:port`; null: only signed tokens are accepted. */
  emulatorHost: string | null;
  /** Agent of the requests to Google, for a proxy for example. */
  httpAgent?: Agent;
  timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const ISSUER = 'https://securetoken.google.com/';
/**
 * Messages of firebase-admin 14.5 for an invalid token. It reports a failure to fetch Google's keys
 * with the same code, so that only the message distinguishes the two.
 */
const TOKEN_PROBLEM = /^(Firebase ID token|Decoding Firebase ID token|verifyIdToken\(\) expects)/;
const USER_PROBLEMS = ['auth/user-disabled', 'auth/user-not-found', 'auth/id-token-revoked'];

export function createFirebaseIdentity({
  projectId,
  emulatorHost,
  httpAgent,
  timeoutMs = TIMEOUT_MS,
}: Options): Identity {
  const app = initializeApp(
    { projectId, ...(httpAgent && { httpAgent }) },
    `docstream-${randomUUID()}`,
  );
  const auth = withEmulatorHost(emulatorHost, () => getAuth(app));

  async function check(
    token: string,
    { isRecheck }: { isRecheck: boolean },
  ): Promise<DecodedIdToken> {
    const { header, payload } = parseToken(token) ?? {};
    if (
      !header ||
      !payload ||
      payload['aud'] !== projectId ||
      payload['iss'] !== `${ISSUER}${projectId}`
    )
      throw invalidToken();
    // firebase-admin checks the algorithm only if its own environment variable is unset.
    if (emulatorHost === null && header['alg'] !== 'RS256') throw invalidToken();
    // Before the signature: Google's keys rotate, and an expired token whose key is gone would look
    // like a forged one.
    if (typeof payload['exp'] === 'number' && payload['exp'] * 1_000 <= Date.now())
      throw new ExpiredTokenError();
    return verifyWith(auth, { token, isRecheck, timeoutMs });
  }

  return {
    verify: async (token) => toViewer(await check(token, { isRecheck: false })),
    // The request for the user needs credentials of a service account. Without them Firebase counts
    // as unavailable.
    recheck: async (token) => {
      try {
        await check(token, { isRecheck: true });
      } catch (error) {
        if (error instanceof ApiError && error.code === 'DEPENDENCY_UNAVAILABLE') return;
        throw error;
      }
    },
  };
}

/**
 * firebase-admin reads the environment variable when `getAuth` is called. The variable is set
 * during that call, and restored afterwards.
 */
function withEmulatorHost(emulatorHost: string | null, create: () => Auth): Auth {
  // eslint-disable-next-line no-restricted-properties -- firebase-admin reads the variable; its value comes from the configuration
  const environment = process.env;
  const before = environment['FIREBASE_AUTH_EMULATOR_HOST'];
  const set = (value: string | null): void => {
    if (value === null) delete environment['FIREBASE_AUTH_EMULATOR_HOST'];
    else environment['FIREBASE_AUTH_EMULATOR_HOST'] = value;
  };
  try {
    set(emulatorHost);
    return create();
  } finally {
    set(before ?? null);
  }
}

interface Check {
  token: string;
  isRecheck: boolean;
  timeoutMs: number;
}

async function verifyWith(
  auth: Auth,
  { token, isRecheck, timeoutMs }: Check,
): Promise<DecodedIdToken> {
  try {
    return await withDeadline(
      auth.verifyIdToken(token, isRecheck),
      timeoutMs,
      'verifying a token with Firebase',
    );
  } catch (error) {
    throw toApiError(error);
  }
}

function toApiError(error: unknown): ApiError {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === 'auth/id-token-expired') return new ExpiredTokenError();
  const isTokenProblem = code === 'auth/argument-error' && TOKEN_PROBLEM.test(String(message));
  if (isTokenProblem || USER_PROBLEMS.includes(String(code))) return invalidToken();
  const text = 'The token cannot be verified because Firebase does not respond; try again later.';
  return new ApiError('DEPENDENCY_UNAVAILABLE', text, {}, { cause: error });
}

function toViewer({ uid, email, exp, ...claims }: DecodedIdToken): Viewer {
  return {
    id: uid,
    email: email ?? null,
    isAdmin: claims['admin'] === true,
    expiresAt: new Date(exp * 1_000),
  };
}

type Json = Record<string, unknown>;

/** Returns the unverified contents of a token, or null if it is not a JSON web token. */
function parseToken(token: string): { header: Json; payload: Json } | null {
  const segments = token.split('.');
  if (segments.length !== 3) return null;
  const [header, payload] = segments.slice(0, 2).map(readSegment);
  return header && payload ? { header, payload } : null;
}

function readSegment(segment: string): Json | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Json)
      : null;
  } catch {
    return null;
  }
}

function invalidToken(): ApiError {
  return new ApiError('UNAUTHENTICATED', 'The token is not valid; sign in again.');
}
