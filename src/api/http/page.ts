/** The page, the playground, and the configuration that the page reads. */
import express, { Router } from 'express';
import helmet from 'helmet';
import type { RequestHandler } from 'express';
import { join } from 'node:path';
import { setContentSecurityPolicy, type Sources } from './security-headers.js';

/** The configuration that the page needs before a user signs in. */
export interface PageConfig {
  identity: { kind: 'dev' } | FirebaseSignIn;
  limits: { maxUploadBytes: number; mimeTypes: readonly string[] };
}

/**
 * Firebase's public web settings, which identify the project and grant no access. `emulatorHost` is
 * host:port, or null without the emulator.
 */
export interface FirebaseSignIn {
  kind: 'firebase';
  projectId: string;
  apiKey: string;
  authDomain: string;
  emulatorHost: string | null;
}

/**
 * Returns the sources of Firebase's library: its two services and, for the sign-in window of
 * Google, a script and a frame of the project's sign-in pages.
 */
function firebaseSources({ emulatorHost, authDomain }: FirebaseSignIn): Sources {
  if (emulatorHost !== null) return { connectSrc: [`http://${emulatorHost}`] };
  return {
    connectSrc: ['https://identitytoolkit.googleapis.com', 'https://securetoken.googleapis.com'],
    scriptSrc: ['https://apis.google.com'],
    frameSrc: [`https://${authDomain}`],
  };
}

/** Replaces the stricter headers that every response has. */
function firebaseHeaders(signIn: FirebaseSignIn): RequestHandler[] {
  return [
    setContentSecurityPolicy(firebaseSources(signIn)),
    // The sign-in window of Google reports to the page that opened it.
    helmet.crossOriginOpenerPolicy({ policy: 'same-origin-allow-popups' }),
    // Google reads the referrer if the project limits its web key to certain sites.
    helmet.referrerPolicy({ policy: 'strict-origin-when-cross-origin' }),
  ];
}

/** Serves the build of Vite. Files in `assets` have a hash in their name and never change. */
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
