import { initializeApp } from 'firebase/app';
import {
  browserLocalPersistence,
  browserPopupRedirectResolver,
  connectAuthEmulator,
  createUserWithEmailAndPassword,
  GoogleAuthProvider,
  indexedDBLocalPersistence,
  initializeAuth,
  onAuthStateChanged,
  sendPasswordResetEmail,
  signInWithEmailAndPassword,
  signInWithPopup,
  type Auth,
  type User,
} from 'firebase/auth';
import type { Identity, SignedInUser } from '../identity.js';
import { describeEnd } from './problems.js';
import type { FirebaseSettings } from './settings.js';

interface Credentials {
  email: string;
  password: string;
}

/**
 * What the form can do. Each rejects with Firebase's error, and `identity` tells of the success.
 */
export interface FirebaseDoors {
  signIn(credentials: Credentials): Promise<void>;
  signUp(credentials: Credentials): Promise<void>;
  resetPassword(email: string): Promise<void>;
  /** Null on the emulator, which has no Google. */
  signInWithGoogle: (() => Promise<void>) | null;
}

/** Resolves when it is known whether somebody is signed in from before. */
export async function startFirebase(
  settings: FirebaseSettings,
): Promise<{ identity: Identity; doors: FirebaseDoors }> {
  const auth = openAuth(settings);
  await auth.authStateReady();
  return { identity: createFirebaseIdentity(auth), doors: createDoors(auth, settings) };
}

function openAuth({ emulatorHost, ...options }: FirebaseSettings): Auth {
  const auth = initializeAuth(initializeApp(options), {
    persistence: [indexedDBLocalPersistence, browserLocalPersistence],
  });
  if (emulatorHost !== null)
    connectAuthEmulator(auth, `http://${emulatorHost}`, { disableWarnings: true });
  return auth;
}

function createDoors(auth: Auth, { emulatorHost }: FirebaseSettings): FirebaseDoors {
  return {
    signIn: async ({ email, password }) =>
      void (await signInWithEmailAndPassword(auth, email, password)),
    signUp: async ({ email, password }) =>
      void (await createUserWithEmailAndPassword(auth, email, password)),
    resetPassword: (email) => sendPasswordResetEmail(auth, email),
    signInWithGoogle:
      emulatorHost === null
        ? async () =>
            void (await signInWithPopup(
              auth,
              new GoogleAuthProvider(),
              browserPopupRedirectResolver,
            ))
        : null,
  };
}

function createFirebaseIdentity(auth: Auth): Identity {
  let user = toUser(auth.currentUser);
  let farewell: string | null = null;
  const listeners = new Set<() => void>();
  const set = (next: SignedInUser | null, reason: string | null) => {
    // Firebase ends a session that is over by itself; the reason comes a moment later.
    const isNews =
      next?.name !== user?.name || (next === null && farewell === null && reason !== null);
    if (!isNews) return;
    [user, farewell] = [next, reason];
    for (const listener of listeners) listener();
  };
  const signOut = (reason?: string) => {
    set(null, reason ?? null);
    // What cannot be forgotten now is asked for again at the next load.
    void auth.signOut().catch(() => undefined);
  };
  // Another tab may sign in or out, too.
  onAuthStateChanged(auth, (current) => set(toUser(current), null));

  return {
    user: () => user,
    farewell: () => farewell,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    token: async ({ fresh = false } = {}) => {
      try {
        return user === null ? null : ((await auth.currentUser?.getIdToken(fresh)) ?? null);
      } catch (error) {
        const end = describeEnd(error);
        if (end === null) throw error;
        signOut(end);
        return null;
      }
    },
    signOut,
  };
}

function toUser(user: User | null): SignedInUser | null {
  return user && { name: user.email ?? user.displayName ?? user.uid };
}
