import { createDevIdentity, DEV_NAME } from './dev-identity.js';
import { DevSignInForm } from './DevSignInForm.js';
import type { IdentityKind } from './identity.js';

export const devIdentityKind: IdentityKind = {
  start: () => {
    const identity = createDevIdentity();
    const SignInForm = () => (
      <DevSignInForm onSignIn={identity.signIn} isName={(name) => DEV_NAME.test(name)} />
    );
    return Promise.resolve({ identity, SignInForm });
  },
};
