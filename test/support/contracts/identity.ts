/** What every Identity promises. */
import type { Identity } from '../../../src/documents/ports.js';

export interface IdentityHarness {
  identity: Identity;
  /** A token of this user that holds now. */
  tokenOf(userId: string): string;
  /** Who is an administrator. */
  adminId: string;
  /** Tokens that look almost right. */
  badTokens: readonly string[];
}

export function describeIdentityContract(name: string, open: () => IdentityHarness): void {
  describe(`an identity: ${name}`, () => {
    const { identity, tokenOf, adminId, badTokens } = open();

    it('knows a user by their token', async () => {
      expect(await identity.verify(tokenOf('alice'))).toMatchObject({
        id: 'alice',
        isAdmin: false,
      });
      expect(await identity.verify(tokenOf('bob'))).toMatchObject({ id: 'bob' });
    });

    it('knows an administrator', async () => {
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
    ])('takes nobody for anybody: %j is UNAUTHENTICATED', async (token) => {
      await expect(identity.verify(token)).rejects.toMatchObject({
        name: 'ApiError',
        code: 'UNAUTHENTICATED',
      });
    });

    it('repeats no token in its answer', async () => {
      const token = `${badTokens[0] ?? ''}-a-secret`;
      await expect(identity.verify(token)).rejects.toMatchObject({
        message: expect.not.stringContaining('a-secret') as string,
      });
    });
  });
}
