import { toProblem, type Problem } from '../api/problem.js';
import { formatLimit } from '../ui/format.js';
import { createStore, type Readable } from '../ui/store.js';

/*
 *   waiting ──► sending ──► accepting ──► accepted
 *      │           │            │  └────► failed ──► (retry) waiting
 *      └───────────┴────────────┴───────► aborted ─► (retry) waiting
 *
 * accepting: all bytes are sent, the server has not responded yet.
 */
export type UploadState =
  | { readonly phase: 'waiting' }
  | { readonly phase: 'sending'; readonly percent: number }
  | { readonly phase: 'accepting' }
  | { readonly phase: 'accepted'; readonly documentId: string; readonly duplicateOf: string | null }
  | { readonly phase: 'failed'; readonly problem: Problem }
  | { readonly phase: 'aborted' };

export interface Upload {
  readonly key: number;
  readonly file: File;
  readonly state: UploadState;
}

export interface Accepted {
  documentId: string;
  duplicateOf: string | null;
}

/** Sends a file to the server. Rejects if the server rejects the file or `signal` aborts. */
export type SendFile = (
  file: File,
  options: { signal: AbortSignal; onSent: (sentBytes: number, totalBytes: number) => void },
) => Promise<Accepted>;

export interface Uploads extends Readable<readonly Upload[]> {
  add(files: readonly File[]): void;
  abort(key: number): void;
  retry(key: number): void;
  dismiss(key: number): void;
  abortAll(): void;
}

export interface UploadsOptions {
  send: SendFile;
  maxUploadBytes: number | null;
  /** A browser opens six connections to a host; the list and the details need some of them. */
  maxParallel?: number;
}

/** The server would reject the same bytes again. */
const FILE_ERRORS: readonly string[] = ['EMPTY_FILE', 'FILE_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

export function canRetry(state: UploadState): boolean {
  return (
    state.phase === 'aborted' ||
    (state.phase === 'failed' && !FILE_ERRORS.includes(state.problem.code))
  );
}

const isUnfinished = ({ state }: Upload) => state.phase === 'waiting' || isInFlight(state);
const isInFlight = ({ phase }: UploadState) => phase === 'sending' || phase === 'accepting';

export function createUploads({ send, maxUploadBytes, maxParallel = 3 }: UploadsOptions): Uploads {
  let lastKey = 0;
  const controllers = new Map<number, AbortController>();
  const { get, set, subscribe } = createStore<readonly Upload[]>([]);

  const setState = (key: number, state: UploadState) =>
    set(get().map((upload) => (upload.key === key ? { ...upload, state } : upload)));
  const find = (key: number) => get().find((upload) => upload.key === key);

  async function start({ key, file }: Upload) {
    const controller = new AbortController();
    controllers.set(key, controller);
    setState(key, { phase: 'sending', percent: 0 });
    const onSent = (sent: number, total: number) =>
      setState(
        key,
        sent >= total
          ? { phase: 'accepting' }
          : { phase: 'sending', percent: (100 * sent) / total },
      );
    try {
      setState(key, {
        phase: 'accepted',
        ...(await send(file, { signal: controller.signal, onSent })),
      });
    } catch (error) {
      setState(
        key,
        controller.signal.aborted
          ? { phase: 'aborted' }
          : { phase: 'failed', problem: toProblem(error) },
      );
    }
    controllers.delete(key);
    startWaiting();
  }

  function startWaiting() {
    const free = maxParallel - controllers.size;
    const waiting = get().filter(({ state }) => state.phase === 'waiting');
    for (const upload of waiting.slice(0, Math.max(0, free))) void start(upload);
  }

  function abort(key: number) {
    controllers.get(key)?.abort();
    if (find(key)?.state.phase === 'waiting') setState(key, { phase: 'aborted' });
  }

  return {
    get,
    subscribe,
    add: (files) => {
      set([
        ...get(),
        ...files.map((file) => ({
          key: ++lastKey,
          file,
          state: findFileProblem(file, maxUploadBytes) ?? { phase: 'waiting' as const },
        })),
      ]);
      startWaiting();
    },
    abort,
    retry: (key) => {
      setState(key, { phase: 'waiting' });
      startWaiting();
    },
    dismiss: (key) => set(get().filter((upload) => upload.key !== key)),
    abortAll: () => {
      for (const upload of get().filter(isUnfinished)) abort(upload.key);
    },
  };
}

/** Returns the failed state of a file that the server would reject; null for any other file. */
function findFileProblem({ size }: File, maxUploadBytes: number | null): UploadState | null {
  if (size === 0)
    return {
      phase: 'failed',
      problem: { code: 'EMPTY_FILE', message: 'The file has no content.' },
    };
  if (maxUploadBytes === null || size <= maxUploadBytes) return null;
  return {
    phase: 'failed',
    problem: { code: 'FILE_TOO_LARGE', message: `The limit is ${formatLimit(maxUploadBytes)}.` },
  };
}
