/** The contract of Identity. */
import type { Identity } from '../../../src/documents/ports.js';

export interface IdentityHarness {
  identity: Identity;
  /** Returns a valid token of this user. */
  tokenOf(userId: string): string;
  /** The user id of an administrator. */
  adminId: string;
  /** Tokens that look almost right. */
  badTokens: readonly string[];
}

export function describeIdentityContract(name: string, open: () => IdentityHarness): void {
  describe(`an identity: ${name}`, () => {
    const { identity, tokenOf, adminId, badTokens } = open();

    it('returns the user of a token', async () => {
      expect(await identity.verify(tokenOf('alice'))).toMatchObject({
        id: 'alice',
        isAdmin: false,
      });
      expect(await identity.verify(tokenOf('bob'))).toMatchObject({ id: 'bob' });
    });

    it('recognises an administrator', async () => {
      expect(await identity.verify(tokenOf(adminId))).toMatchObject({ id: adminId, isAdmin: true });
    });

    it.each([
      '',
      ' ',
      'x',
      'null',
      'undefined',
      'Bearer',
      '\0',
      '{}',
      'a'.repeat(10_000),
      ...badTokens,
    ])('rejects %j with UNAUTHENTICATED', async (token) => {
      await expect(identity.verify(token)).rejects.toMatchObject({
        name: 'ApiError',
        code: 'UNAUTHENTICATED',
      });
    });

    it('never quotes the token in an error', async () => {
      const token = `${badTokens[0] ?? ''}-a-secret`;
      await expect(identity.verify(token)).rejects.toMatchObject({
        message: expect.not.stringContaining('a-secret') as string,
      });
    });
  });
}
