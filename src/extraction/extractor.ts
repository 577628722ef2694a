/**
 * Reads the text out of files, each in a child process that may be killed. The working folder of a
 * document holds what was uploaded, until it is read, and the text, until it is disposed of.
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
  /** Where the working folders are made; shared with other processes of ours at will. */
  workDir: string;
  /** How many documents are read at once, each in a process of its own. */
  processes: number;
  /** For one document, from the moment a process has it. */
  timeoutMs: number;
  /**
   * For one document: the whole resident memory of its process, about 60 MiB of which are Node's
   * own.
   */
  maxRssBytes: number;
  /** Default 128 Mi: more than a plain text of the largest upload. */
  maxTextChars?: number;
  /** What the parts of one archive may inflate to, default 1 GiB. */
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
      const either = AbortSignal.any([signal, stopping.signal]);
      const run = extract({ folders, pool, limits, mimeType, content, signal: either });
      running.add(run);
      const forget = (): boolean => running.delete(run);
      run.then(forget, forget);
      return run;
    },
    stop: async () => {
      stopping.abort(
        new ProcessingFailure(
          'WORKER_LOST',
          'The worker was stopped while it read the document; another one takes over.',
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
    return extractedText(folders, folder);
  } catch (error) {
    await folders.remove(folder);
    throw signal.aborted ? signal.reason : toFailure(error);
  }
}

/** Whatever happens, the caller's stream is not left open. */
async function createFolder({ folders, content, signal }: Extraction): Promise<string> {
  try {
    signal.throwIfAborted();
    return await folders.create();
  } catch (error) {
    content.on('error', () => undefined).destroy();
    throw signal.aborted ? signal.reason : toFailure(error);
  }
}

/** A process that died while it was idle costs nobody anything: the document gets another one. */
async function read(pool: ProcessPool, job: ReadJob, signal: AbortSignal): Promise<void> {
  try {
    await pool.withProcess(signal, (process) => process.read(job, signal));
  } catch (error) {
    if (!(error instanceof NeverStartedError)) throw error;
    await pool.withProcess(signal, (process) => process.read(job, signal));
  }
}

function extractedText(folders: WorkFolders, folder: string): ExtractedText {
  return {
    segments: () => readSegments(join(folder, TEXT_FILE)),
    dispose: () => folders.remove(folder),
  };
}

/** The blob store's own errors pass: BLOB_MISSING is one of them. */
function toFailure(error: unknown): Error {
  if (error instanceof ProcessingFailure || error instanceof ApiError) return error;
  const message =
    error instanceof NeverStartedError
      ? 'No process could be started to read the document.'
      : 'The document could not be fetched for reading.';
  return new ProcessingFailure('INTERNAL', message, { cause: error });
}
