/**
 * Extracts the text of files, each in a child process that can be killed. The working folder of a
 * document holds the upload until it is read, and the text until it is disposed of.
 */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ExtractedText, Extractor } from '../documents/ports.js';
import { ApiError, ProcessingFailure } from '../errors.js';
import { findLauncher } from './launcher.js';
import { createProcessPool, type ProcessPool } from './process-pool.js';
import { toProgram } from './program.js';
import { CONTENT_FILE, TEXT_FILE, type ReadJob, type ReadLimits } from './protocol.js';
import { NeverStartedError, startReaderProcess } from './reader-process.js';
import { readSegments } from './segment-file.js';
import { createWorkFolders, type WorkFolders } from './work-folders.js';

const MAX_DOCUMENTS_PER_PROCESS = 200;
const GIB = 1024 ** 3;

export interface ExtractorOptions {
  /** The parent of the working folders. Several processes of the product may share it. */
  workDir: string;
  /** How many documents are read at once, each in its own process. */
  processes: number;
  /** Limit of one document, from the moment a process gets it. */
  timeoutMs: number;
  /** Limit of the resident memory of a process. Node itself takes about 60 MiB of it. */
  maxRssBytes: number;
  /** UTF-16 code units. Default: 128 Mi, more than a plain text of the largest upload has. */
  maxTextChars?: number;
  /** Limit of the inflated size of one archive. Default: 1 GiB. */
  maxInflatedBytes?: number;
  /** Default: reader-child.js of the build. */
  childPath?: string;
}

export function createExtractor(options: ExtractorOptions): Extractor {
  const folders = createWorkFolders(options.workDir);
  const pool = createPool(options, folders.root);
  const limits = {
    maxTextChars: options.maxTextChars ?? 128 * 1024 * 1024,
    maxInflatedBytes: options.maxInflatedBytes ?? GIB,
  };
  const stopping = new AbortController();
  const running = new Set<Promise<unknown>>();

  return {
    extract: ({ mimeType, content, signal }) => {
      const anySignal = AbortSignal.any([signal, stopping.signal]);
      const extraction = extract({
        folders,
        pool,
        limits,
        mimeType,
        content,
        signal: anySignal,
      });
      running.add(extraction);
      const forget = (): boolean => running.delete(extraction);
      extraction.then(forget, forget);
      return extraction;
    },
    stop: async () => {
      stopping.abort(
        new ProcessingFailure(
          'WORKER_LOST',
          'The worker was stopped while it read the document; another worker retries it.',
        ),
      );
      await Promise.all([pool.stop(), Promise.allSettled(running)]);
      await folders.removeAll();
    },
  };
}

function createPool(
  { processes, maxRssBytes, timeoutMs, ...options }: ExtractorOptions,
  root: string,
): ProcessPool {
  const program = toProgram(options.childPath);
  const launcher = findLauncher([...program.readable, root]);
  return createProcessPool({
    size: processes,
    start: () => startReaderProcess({ ...program, launcher, root, maxRssBytes, timeoutMs }),
    maxDocuments: MAX_DOCUMENTS_PER_PROCESS,
    maxIdleRssBytes: maxRssBytes / 2,
  });
}

interface Extraction {
  folders: WorkFolders;
  pool: ProcessPool;
  limits: ReadLimits;
  mimeType: string;
  content: Readable;
  signal: AbortSignal;
}

async function extract(extraction: Extraction): Promise<ExtractedText> {
  const { folders, content, limits, mimeType, signal } = extraction;
  const folder = await createFolder(extraction);
  try {
    await pipeline(content, createWriteStream(join(folder, CONTENT_FILE)), { signal });
    await read(extraction.pool, { mimeType, folder, limits }, signal);
    await rm(join(folder, CONTENT_FILE));
    return toExtractedText(folders, folder);
  } catch (error) {
    await folders.remove(folder);
    throw signal.aborted ? signal.reason : toFailure(error);
  }
}

/** Destroys the caller's stream if it fails. */
async function createFolder({ folders, content, signal }: Extraction): Promise<string> {
  try {
    signal.throwIfAborted();
    return await folders.create();
  } catch (error) {
    content.on('error', () => undefined).destroy();
    throw signal.aborted ? signal.reason : toFailure(error);
  }
}

/** If an idle process turns out to be dead, the document gets another process. */
async function read(pool: ProcessPool, job: ReadJob, signal: AbortSignal): Promise<void> {
  try {
    await pool.withProcess(signal, (process) => process.read(job, signal));
  } catch (error) {
    if (!(error instanceof NeverStartedError)) throw error;
    await pool.withProcess(signal, (process) => process.read(job, signal));
  }
}

function toExtractedText(folders: WorkFolders, folder: string): ExtractedText {
  return {
    segments: () => readSegments(join(folder, TEXT_FILE)),
    dispose: () => folders.remove(folder),
  };
}

/** Keeps the errors of the blob store, such as BLOB_MISSING. */
function toFailure(error: unknown): Error {
  if (error instanceof ProcessingFailure || error instanceof ApiError) return error;
  const message =
    error instanceof NeverStartedError
      ? 'No process could be started to read the document; it is retried.'
      : 'The document could not be fetched for reading; it is retried.';
  return new ProcessingFailure('INTERNAL', message, { cause: error });
}
