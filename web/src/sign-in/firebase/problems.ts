/** What Firebase's error codes mean to a person, and what that person can do. */
const PROBLEMS: Readonly<Record<string, string | undefined>> = {
  'auth/invalid-email': 'This is not an e-mail address. Check it for a typing mistake.',
  'auth/missing-email': 'Enter your e-mail address first.',
  'auth/missing-password': 'Enter your password.',
  'auth/email-already-in-use':
    'An account for this e-mail address already exists. Sign in instead.',
  'auth/weak-password':
    'This password is too easy to guess. Use at least 6 characters, or better a few words.',
  'auth/too-many-requests': 'Too many attempts. Wait a few minutes, or reset your password.',
  'auth/network-request-failed':
    'The sign-in service is not responding. Check your network, then try again.',
  'auth/timeout': 'The sign-in service is not responding. Check your network, then try again.',
  'auth/user-disabled': 'This account is locked. Contact your administrator.',
  'auth/operation-not-allowed':
    'This sign-in method is not enabled. Use another one, or contact your administrator.',
  'auth/admin-restricted-operation': 'Only your administrator can create an account. Ask for one.',
  'auth/popup-blocked':
    'Your browser blocked Google’s window. Allow pop-ups for this page, then try again.',
  'auth/account-exists-with-different-credential':
    'Your account uses a password. Sign in with the same e-mail address and that password.',
  'auth/unauthorized-domain':
    'Firebase does not know this page’s address. Ask your administrator to authorise its domain.',
  'auth/configuration-not-found':
    'Sign-in is not set up in this Firebase project. Contact your administrator.',
};

/** The text is the same for each code, so that it does not reveal who has an account. */
const MISMATCH = 'E-mail and password do not match. Check both, or reset your password.';
const MISMATCH_CODES = [
  'auth/invalid-credential',
  'auth/wrong-password',
  'auth/user-not-found',
  'auth/invalid-login-credentials',
];

/** The person closed Google's window and needs no explanation. */
const CANCELLED_BY_PERSON = [
  'auth/popup-closed-by-user',
  'auth/cancelled-popup-request',
  'auth/user-cancelled',
];

/** Codes after which Firebase issues no more tokens. */
const SESSION_ENDED: Readonly<Record<string, string | undefined>> = {
  'auth/user-disabled': 'Your account is locked. Contact your administrator.',
  'auth/user-token-expired':
    'Your sign-in has ended, perhaps because your password was changed. Please sign in again.',
  'auth/user-not-found': 'Your account no longer exists. Contact your administrator.',
  'auth/invalid-user-token': 'Your sign-in is no longer accepted. Please sign in again.',
};

function readCode(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Returns null if the error needs no explanation. */
export function describeSignInProblem(error: unknown): string | null {
  const code = readCode(error);
  if (CANCELLED_BY_PERSON.includes(code)) return null;
  if (MISMATCH_CODES.includes(code)) return MISMATCH;
  if (code.startsWith('auth/password-does-not-meet-requirements'))
    return 'This password is too simple. Make it longer, and mix letters, digits and symbols.';
  if (code.startsWith('auth/api-key-not-valid') || code === 'auth/invalid-api-key')
    return 'Firebase rejects this page’s key. Ask your administrator to check FIREBASE_API_KEY.';
  return (
    (Object.hasOwn(PROBLEMS, code) ? PROBLEMS[code] : undefined) ??
    'The sign-in failed. Try again. If the problem persists, contact your administrator.'
  );
}

/** Returns why a session ended, or null if it may still be valid. */
export function describeSessionEnd(error: unknown): string | null {
  return SESSION_ENDED[readCode(error)] ?? null;
}
