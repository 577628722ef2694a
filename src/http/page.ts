import express, { Router } from 'express';
import helmet from 'helmet';
import type { RequestHandler } from 'express';
import { join } from 'node:path';

/** What the page must know before anybody has signed in. */
export interface PageConfig {
  identity: { kind: 'dev' } | FirebaseSignIn;
  limits: { maxUploadBytes: number; mimeTypes: readonly string[] };
}

/** Firebase's public web settings: they name the project and open nothing. `emulatorHost` is host:port. */
export interface FirebaseSignIn {
  kind: 'firebase';
  projectId: string;
  apiKey: string;
  authDomain: string;
  emulatorHost: string | null;
}

/** Nothing is fetched from elsewhere and no script stands in the page itself. The component library sets styles on elements. */
export function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        connectSrc: ["'self'", 'ws:', 'wss:'],
        workerSrc: ["'self'", 'blob:'],
        fontSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'self'"],
        frameAncestors: ["'none'"],
        formAction: ["'self'"],
      },
    },
    strictTransportSecurity: false,
    crossOriginEmbedderPolicy: false,
  });
}

/** The page and the playground, as built by Vite: names with a hash in them never change. */
export function createPageRouter({ folder, config }: { folder: string; config: PageConfig }): Router {
  const router = Router();
  router.get('/config.json', (_request, response) => void response.set('Cache-Control', 'no-store').json(config));
  router.get('/playground', (_request, response) => response.sendFile(join(folder, 'playground.html')));
  router.use('/assets', express.static(join(folder, 'assets'), { immutable: true, maxAge: '1y', fallthrough: false }));
  router.use(express.static(folder, { cacheControl: false }));
  return router;
}
