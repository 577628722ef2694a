import type { IdentityKind } from '../identity.js';
import { startFirebase } from './firebase-identity.js';
import { FirebaseSignInForm } from './FirebaseSignInForm.js';
import { readFirebaseSettings } from './settings.js';

export const firebaseIdentityKind: IdentityKind = {
  start: async (settings) => {
    const { identity, methods } = await startFirebase(readFirebaseSettings(settings));
    return { identity, SignInForm: () => <FirebaseSignInForm methods={methods} /> };
  },
};
