/**
 * ID tokens of Firebase Authentication. The signature is checked here, with the keys that Google
 * publishes: no service account is needed. Only an emulator's tokens are unsigned, so one that is
 * configured makes everybody whoever they say they are.
 */
import { initializeApp } from 'firebase-admin/app';
import { getAuth, type Auth, type DecodedIdToken } from 'firebase-admin/auth';
import { randomUUID } from 'node:crypto';
import type { Agent } from 'node:http';
import type { Identity, Viewer } from '../documents/ports.js';
import { ApiError, ExpiredTokenError } from '../errors.js';
import { within } from './within.js';

interface Options {
  projectId: string;
  /** `host:port`; null: real tokens only. */
  emulatorHost: string | null;
  /** How Google is reached, through a proxy for example. */
  httpAgent?: Agent;
  timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const ISSUER = 'https://securetoken.google.com/';
/**
 * What firebase-admin says of a token that is no good. What else comes under the same code is that
 * Google's keys could not be had.
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
    const { header, payload } = readToken(token) ?? {};
    if (
      !header ||
      !payload ||
      payload['aud'] !== projectId ||
      payload['iss'] !== `${ISSUER}${projectId}`
    )
      throw invalidToken();
    // firebase-admin checks it too, but by an environment variable of its own.
    if (emulatorHost === null && header['alg'] !== 'RS256') throw invalidToken();
    // Before the signature: Google's keys change, and an old token could no longer be distinguished
    // from a forged one.
    if (typeof payload['exp'] === 'number' && payload['exp'] * 1_000 <= Date.now())
      throw new ExpiredTokenError();
    return verifyWith(auth, { token, isRecheck, timeoutMs });
  }

  return {
    verify: async (token) => toViewer(await check(token, { isRecheck: false })),
    // Firebase is asked for the user, which needs credentials of a service account: where there are
    // none, it counts as unavailable.
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
 * firebase-admin reads this variable when it is set up. It holds for that moment only, whatever it
 * was before.
 */
function withEmulatorHost(emulatorHost: string | null, create: () => Auth): Auth {
  // eslint-disable-next-line no-restricted-properties -- it is firebase-admin that reads it; the value comes from our configuration
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
    return await within(timeoutMs, auth.verifyIdToken(token, isRecheck));
  } catch (error) {
    throw toApiError(error);
  }
}

function toApiError(error: unknown): ApiError {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (code === 'auth/id-token-expired') return new ExpiredTokenError();
  const isTokenProblem = code === 'auth/argument-error' && TOKEN_PROBLEM.test(String(message));
  if (isTokenProblem || USER_PROBLEMS.includes(String(code))) return invalidToken();
  const text = 'Sign-ins cannot be checked just now, because Firebase does not answer: try again.';
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

/** What the token says of itself, checked by nobody yet; null for what is no token. */
function readToken(token: string): { header: Json; payload: Json } | null {
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  const [header, payload] = parts.slice(0, 2).map(readPart);
  return header && payload ? { header, payload } : null;
}

function readPart(part: string): Json | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Json)
      : null;
  } catch {
    return null;
  }
}

function invalidToken(): ApiError {
  return new ApiError('UNAUTHENTICATED', 'The token is not valid: sign in again.');
}
