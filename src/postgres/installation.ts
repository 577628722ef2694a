import type { Installation } from '../documents/ports.js';
import type { Database } from './database.js';

interface Row {
  id: string;
  is_marked: boolean;
}

const READ = 'select id, blobs_marked_at is not null as is_marked from installation';
const MARKED = 'update installation set blobs_marked_at = clock_timestamp()';
const UNMARKED = 'update installation set blobs_marked_at = null';

export function createInstallation({ database }: { database: Database }): Installation {
  return {
    id: async () => (await readRow(database.query, READ)).id,
    markOnce: async (mark) =>
      database.transaction(async (query) => {
        // Of several processes that start at once, the first one marks and the others wait.
        const row = await readRow(query, `${READ} for update`);
        if (row.is_marked) return;
        await mark(row.id);
        await query(MARKED);
      }),
    unmark: async () => void (await database.query(UNMARKED)),
  };
}

async function readRow(query: Database['query'], sql: string): Promise<Row> {
  const [row] = await query<Row>(sql);
  if (!row) throw new Error('the table installation has lost its row');
  return row;
}
