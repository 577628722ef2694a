import type { Database } from './database.js';

/**
 * The key of a blob is the id of its document, so a key that is not an id is orphaned. `offset 0`
 * makes the server look up each key; it would otherwise hash all documents.
 */
const ORPHANED_KEYS = `
  select key from jsonb_array_elements_text(?::jsonb) as keys (key)
   where not exists (
           select 1 from documents
            where id = case when keys.key ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
                            then keys.key::uuid end offset 0)`;

/**
 * Returns the keys that belong to no document: the process that wrote such a blob died before it
 * inserted the row.
 */
export async function findOrphanedBlobs(
  database: Database,
  keys: readonly string[],
): Promise<string[]> {
  if (keys.length === 0) return [];
  const rows = await database.query<{ key: string }>(ORPHANED_KEYS, [JSON.stringify(keys)]);
  return rows.map((row) => row.key);
}
