import { readFirebaseSettings } from '../../web/src/sign-in/firebase/settings.js';
import {
  describeSessionEnd,
  describeSignInProblem,
} from '../../web/src/sign-in/firebase/problems.js';

const problemOf = (code: string) =>
  describeSignInProblem(Object.assign(new Error('no words for people'), { code }));

describe('a sign-in that did not work', () => {
  it('does not tell which of e-mail and password was wrong', () => {
    const texts = ['auth/wrong-password', 'auth/user-not-found', 'auth/invalid-credential'].map(
      problemOf,
    );
    expect(new Set(texts).size).toBe(1);
  });

  it.each(['auth/popup-closed-by-user', 'auth/cancelled-popup-request'])(
    'is not told of where the person did it: %s',
    (code) => {
      expect(problemOf(code)).toBeNull();
    },
  );

  it.each(['auth/something-new', '', 'constructor'])(
    'has a text with a action whatever the code: "%s"',
    (code) => {
      expect(problemOf(code)).toMatch(/Try again/);
    },
  );

  it('is told of in other words than those of the library', () => {
    expect(describeSignInProblem(new TypeError('x is undefined'))).not.toMatch(/undefined/);
  });
});

describe('a session', () => {
  it.each(['auth/user-disabled', 'auth/user-token-expired'])('is over after %s', (code) => {
    expect(describeSessionEnd({ code })).toMatch(/\.$/);
  });

  it.each(['auth/network-request-failed', 'auth/internal-error', ''])(
    'goes on after "%s"',
    (code) => {
      expect(describeSessionEnd({ code })).toBeNull();
    },
  );
});

describe('the settings of Firebase', () => {
  const settings = {
    kind: 'firebase',
    apiKey: 'key',
    authDomain: 'shop.firebaseapp.com',
    projectId: 'shop',
    emulatorHost: null,
  };

  it('are taken as the server gives them', () => {
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

  it.each(['apiKey', 'authDomain', 'projectId'])('are refused without %s', (name) => {
    expect(() => readFirebaseSettings({ ...settings, [name]: '' })).toThrow(name);
  });
});
