import { devIdentityKind } from './dev-kind.js';
import type { IdentityKind } from './identity.js';

type Load = () => Promise<IdentityKind>;

/**
 * By the name that `/config.json` uses. Firebase's library is as large as the rest of the page:
 * only who needs it loads it.
 */
const KINDS: Readonly<Record<string, Load | undefined>> = {
  dev: () => Promise.resolve(devIdentityKind),
  firebase: async () => (await import('./firebase/kind.js')).firebaseIdentityKind,
};

export const identityKind = (kind: string): Load | undefined =>
  Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;
