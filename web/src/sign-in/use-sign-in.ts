import { useEffect, useRef, useState } from 'react';
import type { IdentitySettings } from '../config/page-config.js';
import type { SignIn } from './identity.js';
import { identityKind } from './kinds.js';

type SignInState =
  | { readonly phase: 'loading' }
  | { readonly phase: 'ready'; readonly signIn: SignIn }
  | { readonly phase: 'failed' }
  | { readonly phase: 'unknown' };

/**
 * The sign-in of the kind that the server names. The settings stay as they are for as long as the
 * page is open.
 */
export function useSignIn(settings: IdentitySettings): SignInState {
  const [state, setState] = useState<SignInState>({ phase: 'loading' });
  // A library of identities is set up once, however often React runs the effect.
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
