import type { IdentityKind } from '../identity.js';
import { startFirebase } from './firebase-identity.js';
import { FirebaseSignInForm } from './FirebaseSignInForm.js';
import { readFirebaseSettings } from './settings.js';

export const firebaseIdentityKind: IdentityKind = {
  start: async (settings) => {
    const { identity, doors } = await startFirebase(readFirebaseSettings(settings));
    return { identity, SignInForm: () => <FirebaseSignInForm doors={doors} /> };
  },
};
