/**
 * The status hub: one per API process, the only subscriber to the bus. It turns hints, which may be
 * lost, late or doubled, into what watchers are promised: the current state first, then everything
 * newer, never anything older, and the last state whatever happens.
 *
 * A watcher is registered first, then the bus is joined, then the state is read: what changes in
 * between is seen by one of the two. Every so often all that is watched is read again, so that a
 * hint that was lost costs seconds, not the truth.
 */
import type { Document, StatusEvent } from '../documents/document.js';
import type { DocumentStore, StatusBus } from '../documents/ports.js';
import { isTerminal, toSnapshotEvent } from '../documents/status.js';
import { createBatchedRead } from './batched-read.js';
import { createChannels } from './channels.js';
import { createSnapshotLists, type UserLists } from './snapshot-lists.js';
import { createWatcher, type Watcher } from './watcher.js';

export interface StatusHub {
  /** Answers null when there is no such document of this user. */
  watchDocument(watch: {
    userId: string;
    documentId: string;
    afterSeq?: number;
    completeOnTerminal: boolean;
  }): Promise<StatusStream | null>;
  /** Unfinished documents and those changed since, then every change of any of the user's. */
  watchUser(watch: { userId: string; changedSince: Date }): Promise<StatusStream>;
  start(): void;
  /** Ends every stream. */
  stop(): void;
}

export type StatusStream = AsyncIterableIterator<StatusEvent, void, void>;

interface Dependencies {
  bus: StatusBus;
  store: Pick<DocumentStore, 'findMany' | 'recent' | 'events'>;
  logger: { warn(fields: object, message: string): void };
}

export const MAX_LIST_SNAPSHOTS = 1_000;
const SAFETY_READ_MS = 30_000;
/** Clocks of two servers, and a transaction that took its time, may be this far apart. */
const OVERLAP_MS = 60_000;
const HISTORY_PAGE = 100;

export function createStatusHub({ bus, store, logger }: Dependencies): StatusHub {
  const channels = createChannels({ bus, logger, onDirty: (channel) => void refresh(channel) });
  const readDocument = createBatchedRead(
    async (ids) => new Map((await store.findMany(ids)).map((document) => [document.id, document])),
  );
  const lists = createSnapshotLists({ store, limit: MAX_LIST_SNAPSHOTS });
  const open = new Set<Watcher>();
  let timer: NodeJS.Timeout | undefined;

  async function watchDocument(
    watch: Parameters<StatusHub['watchDocument']>[0],
  ): Promise<StatusStream | null> {
    const watcher = createWatcher();
    const leave = await join(`document:${watch.documentId}`, watcher);
    try {
      const document = await readDocument(watch.documentId);
      if (!document || document.userId !== watch.userId || document.status === 'DELETING') {
        leave();
        return null;
      }
      return toStream(streamDocument(watch, document, watcher), leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  async function* streamDocument(
    watch: Parameters<StatusHub['watchDocument']>[0],
    document: Document,
    watcher: Watcher,
  ): AsyncGenerator<StatusEvent, void, void> {
    const { afterSeq, completeOnTerminal } = watch;
    const gapless = afterSeq !== undefined && afterSeq <= document.seq;
    let lastSeq = gapless ? afterSeq : 0;
    watcher.begin([toSnapshotEvent(document)]);
    for (let event = await watcher.next(); event !== null; event = await watcher.next()) {
      if (event === 'overflow') continue;
      if (gapless) yield* history(event, lastSeq);
      if (!gapless || event.kind === 'PROGRESS' || (event.kind === 'CHANGE' && event.seq > lastSeq))
        yield event;
      lastSeq = Math.max(lastSeq, event.seq);
      if (event.status === 'DELETING' || (completeOnTerminal && isTerminal(event.status))) return;
    }
  }

  /**
   * The durable changes between `lastSeq` and this event; a SNAPSHOT stands for its own change too.
   */
  async function* history(event: StatusEvent, lastSeq: number): AsyncGenerator<StatusEvent> {
    const until = event.kind === 'CHANGE' ? event.seq - 1 : event.seq;
    for (let seq = lastSeq; seq < until;) {
      const page = await store.events(event.documentId, seq, Math.min(HISTORY_PAGE, until - seq));
      const last = page.at(-1);
      if (!last) return;
      yield* page;
      seq = last.seq;
    }
  }

  async function watchUser(watch: Parameters<StatusHub['watchUser']>[0]): Promise<StatusStream> {
    const watcher = createWatcher();
    const user = lists.enter(watch.userId);
    const leaveChannel = await join(`user:${watch.userId}`, watcher);
    const leave = () => {
      user.leave();
      leaveChannel();
    };
    try {
      watcher.begin((await user.read(watch.changedSince)).present);
      return toStream(streamUser(watch, user, watcher), leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  async function* streamUser(
    { changedSince }: Parameters<StatusHub['watchUser']>[0],
    user: UserLists,
    watcher: Watcher,
  ): AsyncGenerator<StatusEvent, void, void> {
    let since = changedSince;
    let readAt = new Date();
    for (let event = await watcher.next(); event !== null; event = await watcher.next()) {
      if (event !== 'overflow') {
        if (isAskedFor(event, changedSince)) yield event;
        continue;
      }
      if (!watcher.hasLostList()) since = new Date(readAt.getTime() - OVERLAP_MS);
      readAt = new Date();
      watcher.begin((await user.read(since)).all);
    }
  }

  async function join(channel: string, watcher: Watcher): Promise<() => void> {
    open.add(watcher);
    const leave = await channels.join(channel, watcher);
    return () => {
      open.delete(watcher);
      watcher.end();
      leave();
    };
  }

  /** Reads what a channel is about and offers it: whoever has seen it drops it. */
  async function refresh(channel: string): Promise<void> {
    const [kind, id = ''] = channel.split(/:(.*)/s);
    try {
      const documents = kind === 'document' ? await store.findMany([id]) : await readUser(id);
      for (const document of documents) channels.offer(channel, toSnapshotEvent(document));
      // The row is gone and the hint that said so was lost: there is nothing more to tell.
      if (kind === 'document' && documents.length === 0) channels.end(channel);
    } catch (error) {
      logger.warn(
        { err: error },
        'what is watched could not be read again; the next safety read will',
      );
    }
  }

  function readUser(userId: string): Promise<Document[]> {
    return store.recent(
      userId,
      new Date(Date.now() - SAFETY_READ_MS - OVERLAP_MS),
      MAX_LIST_SNAPSHOTS,
    );
  }

  async function refreshAll(): Promise<void> {
    for (const channel of channels.joined()) await refresh(channel);
  }

  bus.onReconnect(() => void refreshAll());

  return {
    watchDocument,
    watchUser,
    start: () => {
      timer = setInterval(() => void refreshAll(), SAFETY_READ_MS);
    },
    stop: () => {
      clearInterval(timer);
      for (const watcher of open) watcher.end();
    },
  };
}

/** A list that is shared may begin a little earlier than this watcher asked for. */
function isAskedFor({ kind, status, occurredAt }: StatusEvent, changedSince: Date): boolean {
  return kind !== 'SNAPSHOT' || !isTerminal(status) || occurredAt >= changedSince;
}

/**
 * A generator that waits cannot be returned, and one that never began does not run its `finally`:
 * leaving is therefore done from outside, and ends the wait.
 */
function toStream(
  generator: AsyncGenerator<StatusEvent, void, void>,
  leave: () => void,
): StatusStream {
  const stream: StatusStream = {
    next: async () => {
      const result = await generator.next().catch((error: unknown) => {
        leave();
        throw error;
      });
      if (result.done === true) leave();
      return result;
    },
    return: () => {
      leave();
      return generator.return();
    },
    throw: (error) => {
      leave();
      return generator.throw(error);
    },
    [Symbol.asyncIterator]: () => stream,
  };
  return stream;
}
