import { useState, type FormEvent } from 'react';
import type { FirebaseSignInMethods } from './firebase-identity.js';
import { describeSignInProblem } from './problems.js';

export interface SignInFormState {
  /** True while the form creates an account, false while it signs in to one. */
  isNew: boolean;
  email: string;
  password: string;
  problem: string | null;
  note: string | null;
  busy: 'password' | 'google' | null;
  set(fields: { email?: string; password?: string }): void;
  toggleIsNew(): void;
  submit(event: FormEvent): void;
  reset(): Promise<void>;
  signInWithGoogle: (() => void) | null;
}

const EMPTY = { isNew: false, email: '', password: '', problem: null, note: null, busy: null };

type Fields = Pick<SignInFormState, 'isNew' | 'email' | 'password' | 'problem' | 'note' | 'busy'>;

export function useSignInForm(methods: FirebaseSignInMethods): SignInFormState {
  const [fields, setFields] = useState<Fields>(EMPTY);
  const set = (change: Partial<Fields>) => setFields((before) => ({ ...before, ...change }));
  const email = fields.email.trim();

  /** Resolves with true on success. */
  const run = async (busy: Fields['busy'], work: () => Promise<void>): Promise<boolean> => {
    if (fields.busy !== null) return false;
    set({ busy, problem: null, note: null });
    try {
      await work();
      set({ busy: null });
      return true;
    } catch (error) {
      set({ busy: null, problem: describeSignInProblem(error) });
      return false;
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { isNew, password } = fields;
    void run('password', () => (isNew ? methods.signUp : methods.signIn)({ email, password }));
  };
  const reset = async () => {
    const note = `If an account exists for ${email}, an e-mail with a link is on its way.`;
    // The form must not reveal which e-mail addresses have an account.
    if (await run('password', () => methods.resetPassword(email).catch(rethrowUnlessUnknownUser)))
      set({ note });
  };
  const { signInWithGoogle } = methods;
  return {
    ...fields,
    set,
    toggleIsNew: () => set({ isNew: !fields.isNew, problem: null, note: null }),
    submit,
    reset,
    signInWithGoogle: signInWithGoogle && (() => void run('google', signInWithGoogle)),
  };
}

function rethrowUnlessUnknownUser(error: unknown): void {
  if ((error as { code?: unknown } | null)?.code !== 'auth/user-not-found') throw error;
}
