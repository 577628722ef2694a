/** The administration of the Firebase Auth emulator, where every test has its own project. */
import { randomUUID } from 'node:crypto';

export interface FirebaseProject {
  readonly id: string;
  /** Returns an ID token of this user, whom it creates if necessary. */
  signIn(uid: string, claims?: object): Promise<string>;
  disable(uid: string): Promise<void>;
  remove(uid: string): Promise<void>;
}

const PASSWORD = 'correct horse battery staple';
export const emailOf = (uid: string) => `${uid}@example.com`;

export function openFirebaseProject(host: string, id = `demo-${randomUUID()}`): FirebaseProject {
  const api = `http://${host}/identitytoolkit.googleapis.com/v1`;

  async function post(path: string, body: object): Promise<Record<string, unknown>> {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer owner' };
    const response = await fetch(`${api}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    const result = (await response.json()) as Record<string, unknown>;
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(result)}`);
    return result;
  }

  return {
    id,
    signIn: async (uid, claims = {}) => {
      const user = { localId: uid, email: emailOf(uid), password: PASSWORD };
      await post(`/projects/${id}/accounts`, user).catch(() => undefined);
      await post(`/projects/${id}/accounts:update`, {
        localId: uid,
        customAttributes: JSON.stringify(claims),
      });
      const credentials = {
        email: user.email,
        password: user.password,
        returnSecureToken: true,
        targetProjectId: id,
      };
      return String((await post(`/accounts:signInWithPassword?key=any`, credentials))['idToken']);
    },
    disable: async (uid) =>
      void (await post(`/projects/${id}/accounts:update`, { localId: uid, disableUser: true })),
    remove: async (uid) => void (await post(`/projects/${id}/accounts:delete`, { localId: uid })),
  };
}
