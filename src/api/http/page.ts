import express, { Router } from 'express';
import helmet from 'helmet';
import type { RequestHandler } from 'express';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** What the page must know before anybody has signed in. */
export interface PageConfig {
  identity: { kind: 'dev' } | FirebaseSignIn;
  limits: { maxUploadBytes: number; mimeTypes: readonly string[] };
}

/**
 * Firebase's public web settings: they name the project and open nothing. `emulatorHost` is
 * host:port.
 */
export interface FirebaseSignIn {
  kind: 'firebase';
  projectId: string;
  apiKey: string;
  authDomain: string;
  emulatorHost: string | null;
}

type Sources = Partial<Record<'connectSrc' | 'scriptSrc' | 'frameSrc', readonly string[]>>;

const CSP = 'Content-Security-Policy';
/**
 * Older browsers do not take `'self'` for WebSockets. An address in brackets is no source that a
 * policy can name: there `'self'` must do.
 */
const NAMEABLE_HOST = /^[a-z\d][a-z\d.-]{0,252}(:\d{1,5})?$/i;

/**
 * Nothing is fetched from elsewhere and no script stands in the page itself. The component library
 * sets styles on elements.
 */
export function securityHeaders(): RequestHandler {
  const headers = headersSetBy(
    helmet({
      contentSecurityPolicy: false,
      strictTransportSecurity: false,
      crossOriginEmbedderPolicy: false,
    }),
  );
  const setPolicy = policyHeader({});
  return (request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    setPolicy(request, response, next);
  };
}

/**
 * They are the same for every answer, so the library is asked once and not, in a chain of eleven
 * handlers, for each.
 */
function headersSetBy(
  handler: (request: IncomingMessage, response: ServerResponse, next: () => void) => void,
): Map<string, string> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  handler(request, response, () => undefined);
  return new Map(response.getHeaderNames().map((name) => [name, String(response.getHeader(name))]));
}

/** Sets the policy, with the WebSockets of the host that was asked for and of no other. */
function policyHeader(sources: Sources): RequestHandler {
  const policy =
    headersSetBy(helmet.contentSecurityPolicy(contentSecurityPolicy(sources))).get(
      CSP.toLowerCase(),
    ) ?? '';
  return ({ headers: { host } }, response, next) => {
    const ownSockets =
      host !== undefined && NAMEABLE_HOST.test(host) ? ` ws://${host} wss://${host}` : '';
    response.setHeader(
      CSP,
      policy.replace("connect-src 'self'", (self) => self + ownSockets),
    );
    next();
  };
}

function contentSecurityPolicy({ connectSrc = [], scriptSrc, frameSrc }: Sources) {
  return {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      connectSrc: ["'self'", ...connectSrc],
      ...(scriptSrc && { scriptSrc: ["'self'", ...scriptSrc] }),
      ...(frameSrc && { frameSrc: [...frameSrc] }),
      workerSrc: ["'self'", 'blob:'],
      fontSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      frameAncestors: ["'none'"],
      formAction: ["'self'"],
    },
  };
}

/**
 * What Firebase's library asks: its two services, and for Google's window a script and a frame of
 * the project's sign-in pages.
 */
function firebaseSources({ emulatorHost, authDomain }: FirebaseSignIn): Sources {
  if (emulatorHost !== null) return { connectSrc: [`http://${emulatorHost}`] };
  return {
    connectSrc: ['https://identitytoolkit.googleapis.com', 'https://securetoken.googleapis.com'],
    scriptSrc: ['https://apis.google.com'],
    frameSrc: [`https://${authDomain}`],
  };
}

/** In place of the stricter headers that every answer has. */
function firebaseHeaders(signIn: FirebaseSignIn): RequestHandler[] {
  return [
    policyHeader(firebaseSources(signIn)),
    // Google's window reports to the page that opened it.
    helmet.crossOriginOpenerPolicy({ policy: 'same-origin-allow-popups' }),
    // A web key may be limited to the sites that use it, which Google reads from the referrer.
    helmet.referrerPolicy({ policy: 'strict-origin-when-cross-origin' }),
  ];
}

/** The page and the playground, as built by Vite: names with a hash in them never change. */
export function createPageRouter({
  folder,
  config,
}: {
  folder: string;
  config: PageConfig;
}): Router {
  const router = Router();
  if (config.identity.kind === 'firebase') router.use(...firebaseHeaders(config.identity));
  router.get(
    '/config.json',
    (_request, response) => void response.set('Cache-Control', 'no-store').json(config),
  );
  router.get('/playground', (_request, response) =>
    response.sendFile(join(folder, 'playground.html')),
  );
  router.use(
    '/assets',
    express.static(join(folder, 'assets'), { immutable: true, maxAge: '1y', fallthrough: false }),
  );
  router.use(express.static(folder, { cacheControl: false }));
  return router;
}
