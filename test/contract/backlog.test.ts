import { built, openEmbeddedDatabase } from '../support/built.js';
import { describeBacklogContract } from '../support/contracts/backlog.js';

const { readBacklog } =
  await built<typeof import('../../src/postgres/backlog.js')>('postgres/backlog.js');

describeBacklogContract('the embedded PostgreSQL', async () => {
  const { database, close } = await openEmbeddedDatabase();
  return { database, read: () => readBacklog(database), close };
});
