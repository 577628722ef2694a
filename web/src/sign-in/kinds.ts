import { devIdentityKind } from './dev-kind.js';
import type { IdentityKind } from './identity.js';

/** By the name that `/config.json` uses. Another kind, Firebase for example, is one more line and one more folder. */
const KINDS: Readonly<Record<string, IdentityKind | undefined>> = { dev: devIdentityKind };

export const identityKind = (kind: string): IdentityKind | undefined => KINDS[kind];
