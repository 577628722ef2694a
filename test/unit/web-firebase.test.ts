import {
  describeSessionEnd,
  describeSignInProblem,
} from '../../web/src/sign-in/firebase/problems.js';
import { readFirebaseSettings } from '../../web/src/sign-in/firebase/settings.js';

const problemOf = (code: string) =>
  describeSignInProblem(Object.assign(new Error('not a text for people'), { code }));

describe('a failed sign-in', () => {
  it('does not reveal which of e-mail and password was wrong', () => {
    const texts = ['auth/wrong-password', 'auth/user-not-found', 'auth/invalid-credential'].map(
      problemOf,
    );
    expect(new Set(texts).size).toBe(1);
  });

  it.each(['auth/popup-closed-by-user', 'auth/cancelled-popup-request'])(
    'shows nothing after the person cancelled it: %s',
    (code) => {
      expect(problemOf(code)).toBeNull();
    },
  );

  it.each(['auth/something-new', '', 'constructor'])(
    'explains what to do after any code: "%s"',
    (code) => {
      expect(problemOf(code)).toMatch(/Try again/);
    },
  );

  it('does not show the words of the library', () => {
    expect(describeSignInProblem(new TypeError('x is undefined'))).not.toMatch(/undefined/);
  });
});

describe('a Firebase session', () => {
  it.each(['auth/user-disabled', 'auth/user-token-expired'])('ends after %s', (code) => {
    expect(describeSessionEnd({ code })).toMatch(/\.$/);
  });

  it.each(['auth/network-request-failed', 'auth/internal-error', ''])(
    'continues after "%s"',
    (code) => {
      expect(describeSessionEnd({ code })).toBeNull();
    },
  );
});

describe('the Firebase settings', () => {
  const settings = {
    kind: 'firebase',
    apiKey: 'key',
    authDomain: 'shop.firebaseapp.com',
    projectId: 'shop',
    emulatorHost: null,
  };

  it('keep the values of the server', () => {
    expect(readFirebaseSettings(settings)).toEqual({
      apiKey: 'key',
      authDomain: 'shop.firebaseapp.com',
      projectId: 'shop',
      emulatorHost: null,
    });
    expect(readFirebaseSettings({ ...settings, emulatorHost: '127.0.0.1:9099' }).emulatorHost).toBe(
      '127.0.0.1:9099',
    );
  });

  it.each(['apiKey', 'authDomain', 'projectId'])('are rejected without %s', (name) => {
    expect(() => readFirebaseSettings({ ...settings, [name]: '' })).toThrow(name);
  });
});
