/**
 * Extractors on temporary working folders, which are stopped and removed after each test. Call
 * `useExtractionHarness` at the top of a test file.
 */
import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { ExtractedText, Extractor, TextSegment } from '../../src/documents/ports.js';
import { createExtractor, type ExtractorOptions } from '../../src/extraction/extractor.js';
import { createFormatDetector } from '../../src/extraction/format-detector.js';

export const MIB = 1024 * 1024;
export const GIB = 1024 * MIB;

const corpus = fileURLToPath(new URL('../corpus/', import.meta.url));
const detector = createFormatDetector();

export interface ExtractionHarness {
  /** Returns the working folder of this test, where the test may put files too. */
  workDir(): string;
  start(options?: Partial<ExtractorOptions>): Extractor;
  /** Starts an extractor whose processes run `script` instead of the reader. */
  startWithChild(script: string, options?: Partial<ExtractorOptions>): Promise<Extractor>;
  /** Returns the folders of documents below the working folder, at any depth. */
  leftovers(): Promise<string[]>;
}

export function useExtractionHarness(): ExtractionHarness {
  let workDir = '';
  let scripts = '';
  const extractors: Extractor[] = [];

  beforeEach(async () => {
    workDir = await mkdtemp(join(tmpdir(), 'docstream-extraction-'));
    scripts = await mkdtemp(join(tmpdir(), 'docstream-extraction-scripts-'));
  });

  afterEach(async () => {
    await Promise.all(extractors.splice(0).map((extractor) => extractor.stop()));
    await Promise.all(
      [workDir, scripts].map((folder) => rm(folder, { recursive: true, force: true })),
    );
  });

  function start(options: Partial<ExtractorOptions> = {}): Extractor {
    const extractor = createExtractor({
      workDir,
      processes: 1,
      timeoutMs: 20_000,
      maxRssBytes: 400 * MIB,
      ...options,
    });
    extractors.push(extractor);
    return extractor;
  }

  return {
    workDir: () => workDir,
    start,
    startWithChild: async (script, options = {}) => {
      const childPath = join(scripts, 'child.mjs');
      await writeFile(childPath, script);
      return start({ childPath, ...options });
    },
    leftovers: async () => {
      const entries = await readdir(workDir, { recursive: true });
      return entries.filter((path) => basename(path).startsWith('document-'));
    },
  };
}

/** Detects the type of a file of the corpus, or of a file with an absolute path. */
export async function mimeTypeOf(name: string): Promise<string> {
  const path = resolve(corpus, name);
  const head = await collect(
    createReadStream(path, { end: detector.headBytes - 1, highWaterMark: detector.headBytes }),
  );
  return (await detector.detect(Buffer.concat(head as Buffer[]), path)) ?? 'unknown';
}

export async function segmentsOf(extractor: Extractor, name: string): Promise<TextSegment[]> {
  const content = createReadStream(resolve(corpus, name));
  const text = await extractor.extract({
    mimeType: await mimeTypeOf(name),
    content,
    signal: new AbortController().signal,
  });
  try {
    return await collect(text.segments());
  } finally {
    await text.dispose();
  }
}

export async function textOf(extractor: Extractor, name: string): Promise<string> {
  return (await segmentsOf(extractor, name)).map(({ text }) => text).join('');
}

export function extractText(
  extractor: Extractor,
  text: string,
  signal = new AbortController().signal,
): Promise<ExtractedText> {
  return extractor.extract({
    mimeType: 'text/plain',
    content: Readable.from([Buffer.from(text)]),
    signal,
  });
}

export async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of all) items.push(item);
  return items;
}
