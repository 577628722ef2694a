import { built } from '../support/built.js';
import { describeIdentityContract } from '../support/contracts/identity.js';

type IdentityModule = typeof import('../../src/in-process/dev-identity.js');

const { createDevIdentity } = await built<IdentityModule>('in-process/dev-identity.js');

describeIdentityContract('tokens dev:<user>', () => ({
  identity: createDevIdentity({ admins: ['root'] }),
  tokenOf: (userId) => `dev:${userId}`,
  adminId: 'root',
  badTokens: [
    'dev',
    'dev:',
    'dev:a b',
    'dev:a\n',
    'dev:a/../b',
    'dev:ä',
    `dev:${'a'.repeat(65)}`,
    'DEV:alice',
    ' dev:alice',
    'dev:alice ',
    'dev:a:b',
  ],
}));
