import type { IdentitySettings } from '../../config/page-config.js';

/** Firebase's public web settings. */
export interface FirebaseSettings {
  apiKey: string;
  authDomain: string;
  projectId: string;
  /** `host:port` of the Auth emulator; null for Firebase itself. */
  emulatorHost: string | null;
}

export function readFirebaseSettings(settings: IdentitySettings): FirebaseSettings {
  const text = (name: string): string => {
    const value = settings[name];
    if (typeof value !== 'string' || value === '')
      throw new Error(`/config.json names no ${name} for Firebase.`);
    return value;
  };
  return {
    apiKey: text('apiKey'),
    authDomain: text('authDomain'),
    projectId: text('projectId'),
    emulatorHost:
      settings['emulatorHost'] === null || settings['emulatorHost'] === undefined
        ? null
        : text('emulatorHost'),
  };
}
