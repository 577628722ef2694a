import type { ComponentType } from 'react';
import type { IdentitySettings } from '../config/page-config.js';

export interface SignedInUser {
  readonly name: string;
}

/** How a person is known to the server. The rest of the page asks for nothing but this. */
export interface Identity {
  user(): SignedInUser | null;
  /** Why the last session ended by itself; null after a sign-out by hand. */
  farewell(): string | null;
  subscribe(listener: () => void): () => void;
  /**
   * `fresh`: the server called the last token expired, so a stored one will not do. Null: nobody is
   * signed in (any more). Rejects while it cannot be had, because the network is away for example:
   * a reason to try again, and none to sign out.
   */
  token(options?: { fresh?: boolean }): Promise<string | null>;
  signOut(farewell?: string): void;
}

export interface SignIn {
  identity: Identity;
  SignInForm: ComponentType;
}

/** Everything that one kind of identity brings along: `kinds.ts` lists them. */
export interface IdentityKind {
  /** Resolves when it is known whether somebody is signed in from before. */
  start(settings: IdentitySettings): Promise<SignIn>;
}
