import { devIdentityKind } from './dev-kind.js';
import type { IdentityKind } from './identity.js';

type LoadIdentityKind = () => Promise<IdentityKind>;

/**
 * The identity kinds by their name in `/config.json`. Firebase's library is as large as the rest of
 * the page, so it is loaded on demand.
 */
const KINDS: Readonly<Record<string, LoadIdentityKind | undefined>> = {
  dev: () => Promise.resolve(devIdentityKind),
  firebase: async () => (await import('./firebase/kind.js')).firebaseIdentityKind,
};

export const identityKind = (kind: string): LoadIdentityKind | undefined =>
  Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
