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
import { createStore } from '../../ui/store.js';
import type { Identity, UserSession, SignedInUser } from '../identity.js';
import { describeSessionEnd } from './problems.js';
import type { FirebaseSettings } from './settings.js';

interface Credentials {
  email: string;
  password: string;
}

/** The actions of the form. Each rejects with Firebase's error; `Identity` reports a success. */
export interface FirebaseSignInMethods {
  signIn(credentials: Credentials): Promise<void>;
  signUp(credentials: Credentials): Promise<void>;
  resetPassword(email: string): Promise<void>;
  /** Null with the emulator, which has no Google sign-in. */
  signInWithGoogle: (() => Promise<void>) | null;
}

/** Resolves when it is known whether somebody is still signed in. */
export async function startFirebase(
  settings: FirebaseSettings,
): Promise<{ identity: Identity; methods: FirebaseSignInMethods }> {
  const auth = openAuth(settings);
  await auth.authStateReady();
  return { identity: createFirebaseIdentity(auth), methods: createSignInMethods(auth, settings) };
}

function openAuth({ emulatorHost, ...options }: FirebaseSettings): Auth {
  const auth = initializeAuth(initializeApp(options), {
    persistence: [indexedDBLocalPersistence, browserLocalPersistence],
  });
  if (emulatorHost !== null)
    connectAuthEmulator(auth, `http://${emulatorHost}`, { disableWarnings: true });
  return auth;
}

function createSignInMethods(
  auth: Auth,
  { emulatorHost }: FirebaseSettings,
): FirebaseSignInMethods {
  async function signInWithGoogle() {
    await signInWithPopup(auth, new GoogleAuthProvider(), browserPopupRedirectResolver);
  }
  return {
    signIn: async ({ email, password }) => {
      await signInWithEmailAndPassword(auth, email, password);
    },
    signUp: async ({ email, password }) => {
      await createUserWithEmailAndPassword(auth, email, password);
    },
    resetPassword: (email) => sendPasswordResetEmail(auth, email),
    signInWithGoogle: emulatorHost === null ? signInWithGoogle : null,
  };
}

function createFirebaseIdentity(auth: Auth): Identity {
  const session = createStore<UserSession>({ user: toUser(auth.currentUser), signOutReason: null });
  function set(user: SignedInUser | null, signOutReason: string | null) {
    const current = session.get();
    // Firebase may sign out before the reason is known, so a reason may follow.
    const isNewReason = user === null && current.signOutReason === null && signOutReason !== null;
    if (user?.name !== current.user?.name || isNewReason) session.set({ user, signOutReason });
  }
  function signOut(reason: string | null = null) {
    set(null, reason);
    // A session that Firebase failed to remove is found again at the next load.
    void auth.signOut().catch(() => undefined);
  }
  // A person may also sign in or out in another tab.
  onAuthStateChanged(auth, (current) => set(toUser(current), null));

  return {
    user: () => session.get().user,
    signOutReason: () => session.get().signOutReason,
    subscribe: session.subscribe,
    token: async ({ fresh = false } = {}) => {
      if (session.get().user === null) return null;
      try {
        return (await auth.currentUser?.getIdToken(fresh)) ?? null;
      } catch (error) {
        const reason = describeSessionEnd(error);
        if (reason === null) throw error;
        signOut(reason);
        return null;
      }
    },
    signOut,
  };
}

function toUser(user: User | null): SignedInUser | null {
  return user && { name: user.email ?? user.displayName ?? user.uid };
}
