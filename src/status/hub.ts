/**
 * The status hub: one per API process, and the only subscriber to the status bus there. It turns
 * status notifications, which may be lost, late or repeated, into what it guarantees to watchers:
 * first the current state, then every newer event, never an older one, and always the last state.
 *
 * The hub registers a watcher, then joins the bus, then reads the state, so that a change at any
 * moment reaches the watcher by the bus or by the read. A safety read every SAFETY_READ_MS reads
 * everything that is watched again, so that a lost notification only delays a state.
 */
import type { DocumentStore, StatusBus } from '../documents/ports.js';
import type { Logger } from '../runtime/logger.js';
import { createBatchedRead } from './batched-read.js';
import { createChannels } from './channels.js';
import { MAX_LIST_SNAPSHOTS, readChannelState, SAFETY_READ_MS } from './safety-read.js';
import { createSnapshotLists } from './snapshot-lists.js';
import { toStatusStream, type StatusStream } from './status-stream.js';
import { streamDocument } from './stream-document.js';
import { streamUser } from './stream-user.js';
import { createWatcher, type Watcher } from './watcher.js';

export type { StatusStream } from './status-stream.js';

interface DocumentWatch {
  userId: string;
  documentId: string;
  /** The stream starts with the durable changes after this seq instead of a snapshot. */
  afterSeq?: number;
  /** The stream ends after a terminal status. */
  completeOnTerminal: boolean;
}

interface UserWatch {
  userId: string;
  changedSince: Date;
}

export interface StatusHub {
  /** Returns null if the user has no such document or it is DELETING. */
  watchDocument(watch: DocumentWatch): Promise<StatusStream | null>;
  /**
   * Sends the unfinished documents and those that changed since `changedSince`, then every change
   * of any document of the user.
   */
  watchUser(watch: UserWatch): Promise<StatusStream>;
  /** Starts the safety reads. */
  start(): void;
  /** Ends every stream. */
  stop(): void;
}

export type WatcherKind = 'document' | 'user';

interface Dependencies {
  bus: StatusBus;
  store: Pick<DocumentStore, 'findMany' | 'recent' | 'events'>;
  logger: Pick<Logger, 'warn'>;
  /** Called with 1 when a stream opens and with -1 when it ends, exactly once each. */
  onWatcher?: (kind: WatcherKind, delta: 1 | -1) => void;
}

export function createStatusHub(dependencies: Dependencies): StatusHub {
  const { bus, store, logger, onWatcher } = dependencies;
  const readState = (channel: string) => readChannelState(store, channel);
  const channels = createChannels({ bus, logger, readState });
  const readDocument = createDocumentReader(store);
  const snapshotLists = createSnapshotLists({ store, limit: MAX_LIST_SNAPSHOTS });
  const watchers = new Set<Watcher>();
  let timer: NodeJS.Timeout | undefined;

  async function join(channel: string, watcher: Watcher): Promise<() => void> {
    watchers.add(watcher);
    const leave = await channels.join(channel, watcher);
    return () => {
      watchers.delete(watcher);
      watcher.end();
      leave();
    };
  }

  function openStream(
    kind: WatcherKind,
    events: ReturnType<typeof streamUser>,
    leave: () => void,
  ): StatusStream {
    onWatcher?.(kind, 1);
    return toStatusStream(events, () => {
      onWatcher?.(kind, -1);
      leave();
    });
  }

  async function watchDocument(watch: DocumentWatch): Promise<StatusStream | null> {
    const { documentId, afterSeq, completeOnTerminal } = watch;
    const watcher = createWatcher();
    const leave = await join(`document:${documentId}`, watcher);
    try {
      const document = await readDocument(documentId);
      if (document?.userId === watch.userId && document.status !== 'DELETING') {
        const options = { store, document, watcher, afterSeq, completeOnTerminal };
        return openStream('document', streamDocument(options), leave);
      }
      leave();
      return null;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async function watchUser({ userId, changedSince }: UserWatch): Promise<StatusStream> {
    const watcher = createWatcher();
    const lists = snapshotLists.enter(userId);
    const leaveChannel = await join(`user:${userId}`, watcher);
    function leave(): void {
      lists.leave();
      leaveChannel();
    }
    try {
      watcher.setSnapshots((await lists.read(changedSince)).visible);
      return openStream('user', streamUser({ changedSince, lists, watcher }), leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  bus.onReconnect(() => void channels.refreshAll());

  return {
    watchDocument,
    watchUser,
    start: () => {
      timer = setInterval(() => void channels.refreshAll(), SAFETY_READ_MS);
    },
    stop: () => {
      clearInterval(timer);
      for (const watcher of watchers) watcher.end();
    },
  };
}

function createDocumentReader(store: Pick<DocumentStore, 'findMany'>) {
  return createBatchedRead(
    async (ids) => new Map((await store.findMany(ids)).map((document) => [document.id, document])),
  );
}
