import type { Installation } from '../documents/ports.js';
import type { Database } from './database.js';

interface Row {
  id: string;
  is_marked: boolean;
}

const READ = 'select id, blobs_marked_at is not null as is_marked from installation';
const MARK = 'update installation set blobs_marked_at = clock_timestamp()';
const UNMARK = 'update installation set blobs_marked_at = null';

export function createInstallation({ database }: { database: Database }): Installation {
  return {
    id: async () => (await readRow(database.query, READ)).id,
    markOnce: async (mark) =>
      database.transaction(async (query) => {
        // If several processes start at once, the first one marks and the others wait for it.
        const row = await readRow(query, `${READ} for update`);
        if (row.is_marked) return;
        await mark(row.id);
        await query(MARK);
      }),
    unmark: async () => {
      await database.query(UNMARK);
    },
  };
}

async function readRow(query: Database['query'], sql: string): Promise<Row> {
  const [row] = await query<Row>(sql);
  if (!row) throw new Error('the table installation has no row');
  return row;
}
