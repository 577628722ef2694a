import { useEffect, useRef, useState } from 'react';
import type { IdentitySettings } from '../config/page-config.js';
import type { SignIn } from './identity.js';
import { identityKind } from './kinds.js';

type SignInState =
  | { readonly phase: 'loading' }
  | { readonly phase: 'ready'; readonly signIn: SignIn }
  | { readonly phase: 'failed' }
  | { readonly phase: 'unknown' };

/** Loads the sign-in of the kind that the server names. `settings` must not change. */
export function useSignIn(settings: IdentitySettings): SignInState {
  const [state, setState] = useState<SignInState>({ phase: 'loading' });
  // An identity library may be set up only once, but React may run the effect several times.
  const started = useRef<Promise<SignInState> | null>(null);
  useEffect(() => {
    started.current ??= start(settings);
    void started.current.then(setState);
  }, [settings]);
  return state;
}

async function start(settings: IdentitySettings): Promise<SignInState> {
  const load = identityKind(settings.kind);
  if (!load) return { phase: 'unknown' };
  try {
    const kind = await load();
    return { phase: 'ready', signIn: await kind.start(settings) };
  } catch {
    return { phase: 'failed' };
  }
}
