import type { ComponentType } from 'react';
import type { IdentitySettings } from '../config/page-config.js';

export interface SignedInUser {
  readonly name: string;
}

export interface UserSession {
  readonly user: SignedInUser | null;
  readonly signOutReason: string | null;
}

/** The person as the server knows them. The rest of the page depends on this interface only. */
export interface Identity {
  user(): SignedInUser | null;
  /** Why the last session ended automatically; null after a person signed out. */
  signOutReason(): string | null;
  subscribe(listener: () => void): () => void;
  /**
   * Resolves with null if nobody is signed in. Rejects if no token is available now, for example
   * without a network: the caller retries and does not sign out.
   *
   * `fresh`: ignore a stored token, because the server called it expired.
   */
  token(options?: { fresh?: boolean }): Promise<string | null>;
  signOut(reason?: string | null): void;
}

export interface SignIn {
  identity: Identity;
  SignInForm: ComponentType;
}

/** One way to sign in. `kinds.ts` lists them. */
export interface IdentityKind {
  /** Resolves when it is known whether somebody is still signed in. */
  start(settings: IdentitySettings): Promise<SignIn>;
}
