import type { StatusEvent } from '../documents/document.js';
import type { Database } from './database.js';
import { RECORD_CHANGED, toEvent, type ChangedRow } from './record-change.js';

/** Hides the document from all reads and records the cleanup that removes what it owns. */
const MARK_DELETING = `
  with changed as (
    update documents d
       set status = 'deleting', seq = d.seq + 1, updated_at = clock_timestamp(),
           next_attempt_at = null, lease_token = null, lease_until = null, dedupe_hash = null
      from (select id, status from documents
             where id = ? and user_id = ? and status <> 'deleting' for update) before
     where d.id = before.id
    returning d.*, before.status as previous_status
  ), new_cleanups as (
    insert into cleanups (document_id, user_id, blob_key, removes_document)
    select id, user_id, blob_key, true from changed
  ), ${RECORD_CHANGED}`;

/** Returns null if the user has no such document or it is DELETING already. */
export async function markDeleting(
  database: Database,
  userId: string,
  id: string,
): Promise<StatusEvent | null> {
  const [row] = await database.query<ChangedRow>(MARK_DELETING, [id, userId]);
  return row ? toEvent(row) : null;
}
