/** Firebase's tokens: those of the emulator, and signed ones, with this test in place of Google. */
import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { Agent } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { createFirebaseIdentity } from '../../src/firebase/identity.js';
import { describeIdentityContract } from '../support/contracts/identity.js';
import { emailOf, openFirebaseProject } from '../support/firebase-emulator.js';
import '../support/one-error-class.js';
import { describeWith } from '../support/real-server.js';

const EMULATOR = 'FIREBASE_AUTH_EMULATOR_HOST';
const PROJECT = 'demo-signed';
const HOUR_S = 3_600;
const nowS = () => Math.floor(Date.now() / 1_000);

interface Claims {
  [claim: string]: unknown;
}

function claimsOf(uid: string, projectId: string, more: Claims = {}): Claims {
  return {
    iss: `https://securetoken.google.com/${projectId}`,
    aud: projectId,
    sub: uid,
    user_id: uid,
    auth_time: nowS() - 10,
    iat: nowS() - 10,
    exp: nowS() + HOUR_S,
    email: emailOf(uid),
    firebase: { identities: {}, sign_in_provider: 'password' },
    ...more,
  };
}
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (claims: Claims) => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`;

function signed(claims: Claims, key: KeyObject, header: object = {}): string {
  const content = `${encode({ alg: 'RS256', kid: 'key-1', typ: 'JWT', ...header })}.${encode(claims)}`;
  return `${content}.${sign('RSA-SHA256', Buffer.from(content), key).toString('base64url')}`;
}

const unauthenticated = {
  name: 'ApiError',
  code: 'UNAUTHENTICATED',
  message: 'The token is not valid; sign in again.',
};
const expired = { code: 'UNAUTHENTICATED', message: expect.stringContaining('expired') as string };

const host = process.env[EMULATOR];
const project = host ? openFirebaseProject(host) : null;
const tokens = new Map<string, string>();
if (project) {
  for (const uid of ['alice', 'bob']) tokens.set(uid, await project.signIn(uid));
  tokens.set('root', await project.signIn('root', { admin: true }));
}

describeWith(EMULATOR, (emulatorHost) => {
  if (!project) return;
  const identity = createFirebaseIdentity({ projectId: project.id, emulatorHost });

  describeIdentityContract('Firebase, from the emulator', () => ({
    identity,
    tokenOf: (uid) => tokens.get(uid) ?? '',
    adminId: 'root',
    badTokens: [
      'dev:alice',
      'a.b.c',
      `${encode({})}.${encode({})}.`,
      `${encode([])}.${encode([])}.x`,
      `.${encode(claimsOf('alice', project.id))}.`,
    ],
  }));

  describe('tokens of the Firebase emulator', () => {
    it('hold the e-mail address, the administrator claim and the expiry', async () => {
      const viewer = await identity.verify(tokens.get('root') ?? '');
      expect(viewer).toMatchObject({ id: 'root', email: emailOf('root'), isAdmin: true });
      const restMs = (viewer.expiresAt?.getTime() ?? 0) - Date.now();
      expect(restMs).toBeGreaterThan(50 * 60_000);
      expect(restMs).toBeLessThanOrEqual(60 * 60_000);
    });

    it.each(['yes', 1, 'true', null, { really: true }])(
      'do not make a user an administrator with the claim admin: %j',
      async (admin) => {
        expect(await identity.verify(await project.signIn('carol', { admin }))).toMatchObject({
          id: 'carol',
          isAdmin: false,
        });
      },
    );

    it('are rejected as expired after their time', async () => {
      await expect(
        identity.verify(unsigned(claimsOf('alice', project.id, { exp: nowS() - 1 }))),
      ).rejects.toMatchObject(expired);
    });

    it('are rejected for another project', async () => {
      const other = openFirebaseProject(emulatorHost);
      await expect(identity.verify(await other.signIn('alice'))).rejects.toMatchObject(
        unauthenticated,
      );
    });

    it('are rejected for a user who was disabled or removed', async () => {
      const dora = await project.signIn('dora');
      const emil = await project.signIn('emil');
      await project.disable('dora');
      await project.remove('emil');
      await expect(identity.verify(dora)).rejects.toMatchObject(unauthenticated);
      await expect(identity.verify(emil)).rejects.toMatchObject(unauthenticated);
    });

    it('pass a recheck until the user is disabled or removed', async () => {
      const users = ['fay', 'gus', 'hal'];
      const [fay = '', gus = '', hal = ''] = await Promise.all(
        users.map((uid) => project.signIn(uid)),
      );
      for (const token of [fay, gus, hal]) expect(await identity.recheck?.(token)).toBeUndefined();
      await project.disable('fay');
      await project.remove('gus');
      for (const token of [fay, gus])
        await expect(identity.recheck?.(token)).rejects.toMatchObject(unauthenticated);
      expect(await identity.recheck?.(hal)).toBeUndefined();
    });

    it('are rejected if no emulator is configured, whatever the environment says', async () => {
      expect(process.env[EMULATOR]).toBe(emulatorHost);
      const strict = createFirebaseIdentity({ projectId: project.id, emulatorHost: null });
      for (const token of tokens.values())
        await expect(strict.verify(token)).rejects.toMatchObject(unauthenticated);
    });
  });
});

describe('signed Firebase tokens', () => {
  const google = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const otherParty = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKey = google.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  let server: Server;
  let respond: RequestListener;
  let requests: string[];

  beforeEach(async () => {
    requests = [];
    respond = (_request, response) => {
      response
        .setHeader('content-type', 'application/json')
        .setHeader('cache-control', 'public, max-age=3600');
      response.end(JSON.stringify({ 'key-1': publicKey }));
    };
    server = createServer((request, response) => {
      requests.push(`${request.headers.host}${request.url}`);
      respond(request, response);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  /** Sends the requests for Google to this server. */
  function open(timeoutMs = 5_000) {
    const { port } = server.address() as AddressInfo;
    const httpAgent = new (class extends Agent {
      override createConnection() {
        return connect(port, '127.0.0.1');
      }
    })();
    return createFirebaseIdentity({ projectId: PROJECT, emulatorHost: null, httpAgent, timeoutMs });
  }

  it('are verified with the keys of Google, fetched once, without credentials', async () => {
    const identity = open();
    for (const admin of [true, false]) {
      const viewer = await identity.verify(
        signed(claimsOf('alice', PROJECT, { admin }), google.privateKey),
      );
      expect(viewer).toMatchObject({ id: 'alice', email: emailOf('alice'), isAdmin: admin });
    }
    expect(requests).toEqual([
      'www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com',
    ]);
  });

  it.each([
    ['of another party', () => signed(claimsOf('alice', PROJECT), otherParty.privateKey)],
    [
      'of a key that Google does not publish',
      () => signed(claimsOf('alice', PROJECT), google.privateKey, { kid: 'key-9' }),
    ],
    [
      'without a key id',
      () => signed(claimsOf('alice', PROJECT), google.privateKey, { kid: undefined }),
    ],
    ['for another project', () => signed(claimsOf('alice', 'other'), google.privateKey)],
    [
      'for two projects',
      () => signed(claimsOf('alice', PROJECT, { aud: [PROJECT] }), google.privateKey),
    ],
    [
      'of another issuer',
      () => signed(claimsOf('alice', PROJECT, { iss: 'https://example.com' }), google.privateKey),
    ],
    ['without a user', () => signed(claimsOf('', PROJECT), google.privateKey)],
    [
      'of a name that is too long',
      () => signed(claimsOf('a'.repeat(129), PROJECT), google.privateKey),
    ],
    ['with alg none', () => unsigned(claimsOf('alice', PROJECT))],
    [
      'with alg none and a key id',
      () => `${encode({ alg: 'none', kid: 'key-1' })}.${encode(claimsOf('alice', PROJECT))}.`,
    ],
    [
      'with the public key as a shared secret',
      () => {
        const content = `${encode({ alg: 'HS256', kid: 'key-1', typ: 'JWT' })}.${encode(claimsOf('alice', PROJECT))}`;
        return `${content}.${createHmac('sha256', publicKey).update(content).digest('base64url')}`;
      },
    ],
    [
      'with other claims than were signed',
      () => {
        const [header, , signature] = signed(claimsOf('alice', PROJECT), google.privateKey).split(
          '.',
        );
        return [header, encode(claimsOf('root', PROJECT, { admin: true })), signature].join('.');
      },
    ],
  ])('are rejected: %s', async (_, toToken) => {
    await expect(open().verify(toToken())).rejects.toMatchObject(unauthenticated);
  });

  it('are rejected as expired after their time, even if the key is no longer published', async () => {
    const old = claimsOf('alice', PROJECT, { iat: nowS() - 3 * HOUR_S, exp: nowS() - 1 });
    const identity = open();
    await expect(identity.verify(signed(old, google.privateKey))).rejects.toMatchObject(expired);
    await expect(
      identity.verify(signed(old, google.privateKey, { kid: 'key-0' })),
    ).rejects.toMatchObject(expired);
  });

  it.each<[string, RequestListener]>([
    ['respond with 500', (_request, response) => void response.writeHead(500).end('no')],
    ['are not JSON', (_request, response) => void response.end('<html>')],
    ['break off', (request) => void request.socket.destroy()],
    ['hang', () => undefined],
  ])('cause DEPENDENCY_UNAVAILABLE, not a sign-out, while Google’s keys %s', async (_, broken) => {
    const healthy = respond;
    respond = broken;
    const identity = open(1_000);
    const token = signed(claimsOf('alice', PROJECT), google.privateKey);
    await expect(identity.verify(token)).rejects.toMatchObject({
      name: 'ApiError',
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    respond = healthy;
    expect(await identity.verify(token)).toMatchObject({ id: 'alice' });
  });

  it('pass a recheck until they expire while Firebase is unavailable', async () => {
    const identity = open(1_000);
    const token = signed(claimsOf('alice', PROJECT), google.privateKey);
    expect(await identity.recheck?.(token)).toBeUndefined();
    respond = (request) => void request.socket.destroy();
    expect(await open(1_000).recheck?.(token)).toBeUndefined();
    const old = signed(claimsOf('alice', PROJECT, { exp: nowS() - 1 }), google.privateKey);
    await expect(identity.recheck?.(old)).rejects.toMatchObject(expired);
    await expect(identity.recheck?.(unsigned(claimsOf('alice', PROJECT)))).rejects.toMatchObject(
      unauthenticated,
    );
  });

  it('cause DEPENDENCY_UNAVAILABLE, not a sign-out, while the emulator is unavailable', async () => {
    const identity = createFirebaseIdentity({ projectId: PROJECT, emulatorHost: '127.0.0.1:9' });
    await expect(identity.verify(unsigned(claimsOf('alice', PROJECT)))).rejects.toMatchObject({
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    expect(await identity.recheck?.(unsigned(claimsOf('alice', PROJECT)))).toBeUndefined();
  });
});
