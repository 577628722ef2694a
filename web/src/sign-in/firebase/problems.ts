/** What Firebase's codes mean to a person, and what that person can do about it. */
const PROBLEMS: Readonly<Record<string, string | undefined>> = {
  'auth/invalid-email': 'This is no e-mail address. Check it for a typing mistake.',
  'auth/missing-email': 'Enter your e-mail address first.',
  'auth/missing-password': 'Enter your password.',
  'auth/email-already-in-use':
    'There is an account for this e-mail address already. Sign in instead.',
  'auth/weak-password':
    'This password is too easy to guess. Use at least 6 characters, better a few words.',
  'auth/too-many-requests': 'Too many tries. Wait a few minutes, or reset your password.',
  'auth/network-request-failed':
    'The sign-in service does not answer. Check your network, then try again.',
  'auth/timeout': 'The sign-in service does not answer. Check your network, then try again.',
  'auth/user-disabled': 'This account has been locked. Ask your operator.',
  'auth/operation-not-allowed':
    'This way to sign in is not switched on here. Use another one, or ask your operator.',
  'auth/admin-restricted-operation': 'New accounts are made by your operator here. Ask for one.',
  'auth/popup-blocked':
    'Your browser blocked Google’s window. Allow pop-ups for this page, then try again.',
  'auth/account-exists-with-different-credential':
    'You have signed in with a password before. Sign in with it, under the same e-mail address.',
  'auth/unauthorized-domain':
    'Firebase does not know the address of this page. Ask your operator to add it to the authorised domains.',
  'auth/configuration-not-found':
    'Sign-in is not set up in this Firebase project. Ask your operator.',
};

/** One text for all three: who tries names must not learn which of them have an account. */
const MISMATCH = 'E-mail and password do not match. Check both, or reset your password.';
const MISMATCH_CODES = [
  'auth/invalid-credential',
  'auth/wrong-password',
  'auth/user-not-found',
  'auth/invalid-login-credentials',
];

/** A person who closes Google's window knows that they did. */
const CANCELLED_BY_PERSON = [
  'auth/popup-closed-by-user',
  'auth/cancelled-popup-request',
  'auth/user-cancelled',
];

/** After these, no token will come any more. */
const SESSION_ENDED: Readonly<Record<string, string | undefined>> = {
  'auth/user-disabled': 'Your account has been locked. Ask your operator.',
  'auth/user-token-expired':
    'Your sign-in has ended, perhaps because your password was changed. Please sign in again.',
  'auth/user-not-found': 'Your account no longer exists. Ask your operator.',
  'auth/invalid-user-token': 'Your sign-in is no longer accepted. Please sign in again.',
};

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Null: there is nothing to tell. */
export function describeSignInProblem(error: unknown): string | null {
  const code = codeOf(error);
  if (CANCELLED_BY_PERSON.includes(code)) return null;
  if (MISMATCH_CODES.includes(code)) return MISMATCH;
  if (code.startsWith('auth/password-does-not-meet-requirements'))
    return 'This password is too simple here. Make it longer, and mix letters, digits and signs.';
  if (code.startsWith('auth/api-key-not-valid') || code === 'auth/invalid-api-key')
    return 'Firebase refuses this page’s key. Ask your operator to check FIREBASE_API_KEY.';
  return (
    (Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code] : undefined) ??
    'The sign-in did not work. Try again; if it stays, tell your operator.'
  );
}

/** Why a session that was good is over; null while it may still be. */
export function describeSessionEnd(error: unknown): string | null {
  return SESSION_ENDED[codeOf(error)] ?? null;
}
