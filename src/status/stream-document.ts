import type { Document, StatusEvent } from '../documents/document.js';
import type { DocumentStore } from '../documents/ports.js';
import { isTerminal, toSnapshotEvent } from '../documents/status.js';
import type { Watcher } from './watcher.js';

interface Options {
  store: Pick<DocumentStore, 'events'>;
  document: Document;
  watcher: Watcher;
  afterSeq: number | undefined;
  completeOnTerminal: boolean;
}

const HISTORY_PAGE = 100;

/**
 * Sends the state of a document and what follows. With an `afterSeq` that is not in the future it
 * sends every durable change after that seq instead of snapshots, without a gap.
 */
export async function* streamDocument({
  store,
  document,
  watcher,
  afterSeq,
  completeOnTerminal,
}: Options): AsyncGenerator<StatusEvent, void, void> {
  const isGapless = afterSeq !== undefined && afterSeq <= document.seq;
  let lastSeq = isGapless ? afterSeq : 0;
  watcher.setSnapshots([toSnapshotEvent(document)]);
  for (let event = await watcher.next(); event !== null; event = await watcher.next()) {
    if (event === 'overflow') continue;
    if (isGapless) yield* readMissing(store, event, lastSeq);
    const isNewChange = event.kind === 'CHANGE' && event.seq > lastSeq;
    if (!isGapless || event.kind === 'PROGRESS' || isNewChange) yield event;
    lastSeq = Math.max(lastSeq, event.seq);
    if (event.status === 'DELETING' || (completeOnTerminal && isTerminal(event.status))) return;
  }
}

/**
 * Reads the durable changes between `lastSeq` and `event` from the history. For a SNAPSHOT or a
 * PROGRESS that includes the change with the seq of the event.
 */
async function* readMissing(
  store: Pick<DocumentStore, 'events'>,
  event: StatusEvent,
  lastSeq: number,
): AsyncGenerator<StatusEvent> {
  const until = event.kind === 'CHANGE' ? event.seq - 1 : event.seq;
  for (let seq = lastSeq; seq < until;) {
    const page = await store.events(event.documentId, seq, Math.min(HISTORY_PAGE, until - seq));
    const last = page.at(-1);
    if (!last) return;
    yield* page;
    seq = last.seq;
  }
}
