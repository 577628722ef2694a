import { toProblem, type Problem } from '../api/problem.js';
import { formatLimit } from '../ui/format.js';

/*
 *   waiting ──► sending ──► accepting ──► accepted
 *      │           │            │  └────► failed ──► (again) waiting
 *      └───────────┴────────────┴───────► aborted ─► (again) waiting
 *
 * accepting: every byte has left, the server has not answered yet.
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

/** One door to the server. It rejects when the server refuses, and when `signal` aborts. */
export type SendFile = (
  file: File,
  on: { signal: AbortSignal; onSent: (sentBytes: number, totalBytes: number) => void },
) => Promise<Accepted>;

export interface Uploads {
  get(): readonly Upload[];
  subscribe(listener: () => void): () => void;
  add(files: readonly File[]): void;
  abort(key: number): void;
  again(key: number): void;
  dismiss(key: number): void;
  abortAll(): void;
}

export interface UploadsOptions {
  send: SendFile;
  maxUploadBytes: number | null;
  /** A browser opens six connections to one host; the list and its details need some of them. */
  maxParallel?: number;
}

/** The same bytes would be refused again. */
const OF_THE_FILE: readonly string[] = ['EMPTY_FILE', 'FILE_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

export const isWorthRepeating = (state: UploadState): boolean =>
  state.phase === 'aborted' ||
  (state.phase === 'failed' && !OF_THE_FILE.includes(state.problem.code));

const isOpen = ({ state }: Upload) => state.phase === 'waiting' || isUnderWay(state);
const isUnderWay = ({ phase }: UploadState) => phase === 'sending' || phase === 'accepting';

export function createUploads({ send, maxUploadBytes, maxParallel = 3 }: UploadsOptions): Uploads {
  let uploads: readonly Upload[] = [];
  let lastKey = 0;
  const controllers = new Map<number, AbortController>();
  const listeners = new Set<() => void>();

  const set = (next: readonly Upload[]) => {
    uploads = next;
    for (const listener of listeners) listener();
  };
  const setState = (key: number, state: UploadState) =>
    set(uploads.map((upload) => (upload.key === key ? { ...upload, state } : upload)));
  const find = (key: number) => uploads.find((upload) => upload.key === key);

  const start = async ({ key, file }: Upload) => {
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
  };

  const startWaiting = () => {
    const free = maxParallel - controllers.size;
    const waiting = uploads.filter(({ state }) => state.phase === 'waiting');
    for (const upload of waiting.slice(0, Math.max(0, free))) void start(upload);
  };

  const abort = (key: number) => {
    controllers.get(key)?.abort();
    if (find(key)?.state.phase === 'waiting') setState(key, { phase: 'aborted' });
  };

  return {
    get: () => uploads,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    add: (files) => {
      set([
        ...uploads,
        ...files.map((file) => ({
          key: ++lastKey,
          file,
          state: refusal(file, maxUploadBytes) ?? { phase: 'waiting' as const },
        })),
      ]);
      startWaiting();
    },
    abort,
    again: (key) => {
      setState(key, { phase: 'waiting' });
      startWaiting();
    },
    dismiss: (key) => set(uploads.filter((upload) => upload.key !== key)),
    abortAll: () => {
      for (const upload of uploads.filter(isOpen)) abort(upload.key);
    },
  };
}

/** What the server would refuse anyway is not sent first. */
function refusal({ size }: File, maxUploadBytes: number | null): UploadState | null {
  if (size === 0)
    return { phase: 'failed', problem: { code: 'EMPTY_FILE', message: 'It has no bytes.' } };
  if (maxUploadBytes === null || size <= maxUploadBytes) return null;
  return {
    phase: 'failed',
    problem: { code: 'FILE_TOO_LARGE', message: `The limit is ${formatLimit(maxUploadBytes)}.` },
  };
}
