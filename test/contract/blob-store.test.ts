import { jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import {
  constants,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { BlobStore } from '../../src/documents/ports.js';
import { built, openFolder } from '../support/built.js';
import { describeBlobStoreContract } from '../support/contracts/blob-store.js';

type FolderModule = typeof import('../../src/blobs/folder.js');

type BlobStoreOfFolder = Awaited<ReturnType<FolderModule['createFolderBlobStore']>>;

/** Called for every write by descriptor. Returns how many bytes are written; undefined: all. */
let onWrite: (file: number, bytes: number) => number | undefined = () => undefined;

jest.unstable_mockModule('node:fs', () => {
  const write = (
    file: number,
    bytes: Buffer,
    offset: number,
    done: (error: Error | null, written: number) => void,
  ) =>
    fs.write(
      file,
      bytes,
      offset,
      onWrite(file, bytes.length - offset) ?? bytes.length - offset,
      null,
      done,
    );
  // Keeps the property that promisify reads.
  return {
    ...fs,
    write: Object.defineProperties(write, Object.getOwnPropertyDescriptors(fs.write)),
  };
});

const { createFolderBlobStore } = await built<FolderModule>('blobs/folder.js');

describeBlobStoreContract('a folder', async () => {
  const { folder, close } = await openFolder();
  const store = await createFolderBlobStore({ folder });
  return { store, names: () => readdir(folder), close: () => store.stop().then(close) };
});

describe('the folder of a blob store', () => {
  let folder: string;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ folder, close } = await openFolder());
  });
  const stores: BlobStoreOfFolder[] = [];
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.stop();
    await close();
  });

  async function openStore(path = folder): Promise<BlobStoreOfFolder> {
    const store = await createFolderBlobStore({ folder: path });
    stores.push(store);
    return store;
  }

  it('loses the partial files of an earlier process at the start, and keeps complete files', async () => {
    await writeFile(join(folder, 'half.part'), 'ha');
    await writeFile(join(folder, 'whole'), 'whole');
    const store = await openStore();
    expect(await store.keys()).toEqual(['whole']);
  });

  it('does not list the installation marker among its blobs', async () => {
    await writeFile(join(folder, 'docstream-installation'), randomUUID());
    await writeFile(join(folder, 'blob'), 'content');
    expect(await (await openStore()).keys()).toEqual(['blob']);
  });

  it('is created for this user alone, and so are its files', async () => {
    const path = join(folder, 'new', 'blobs');
    const store = await openStore(path);
    await store.write('key', Readable.from([Buffer.from('secret')]));
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect((await stat(join(path, 'key'))).mode & 0o077).toBe(0);
  });

  describe('the flushes of a folder', () => {
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    let handles: FileHandle;
    let sync: FileHandle['sync'];
    /** The names in the folder at each of its flushes; null for a flush of a file. */
    let flushed: (string[] | null)[];
    let writtenThrough: number;

    beforeEach(async () => {
      const anyFile = await open(folder, 'r');
      handles = Object.getPrototypeOf(anyFile) as FileHandle;
      await anyFile.close();
      sync = Object.getOwnPropertyDescriptor(handles, 'sync')?.value as FileHandle['sync'];
      flushed = [];
      writtenThrough = 0;
      handles.sync = async function (this: FileHandle) {
        flushed.push(
          (await this.stat()).isDirectory()
            ? (await readdir(folder)).filter((name) => !name.endsWith('.part'))
            : null,
        );
        return sync.call(this);
      };
      onWrite = (file) => {
        const flags =
          /^flags:\s*(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${file}`, 'utf8'))?.[1] ?? '0';
        if ((Number.parseInt(flags, 8) & constants.O_DSYNC) !== 0) writtenThrough += 1;
        return undefined;
      };
    });
    afterEach(() => {
      handles.sync = sync;
      onWrite = () => undefined;
    });

    /** Returns the keys whose names were flushed before their write resolved. */
    async function writeAll(store: BlobStore, texts: string[]): Promise<string[]> {
      const durable: string[] = [];
      const writeOne = async (key: string) => {
        await store.write(key, Readable.from(texts.map((text) => Buffer.from(text))));
        if (flushed.some((names) => names?.includes(key))) durable.push(key);
      };
      await Promise.all(keys.map(writeOne));
      return durable.sort();
    }

    it('write the bytes of a single buffer with the write, and the names together', async () => {
      expect(await writeAll(await openStore(), ['whole'])).toEqual([...keys].sort());
      expect(writtenThrough).toBe(20);
      expect(flushed.length).toBeLessThan(20);
    });

    it('write the bytes of several buffers once, and the names together', async () => {
      expect(await writeAll(await openStore(), ['in ', 'parts'])).toEqual([...keys].sort());
      expect(flushed.filter((names) => names === null)).toHaveLength(20);
      expect(flushed.length).toBeLessThan(40);
    });
  });

  it('writes all bytes to a disk that accepts a few at a time', async () => {
    const store = await openStore();
    onWrite = (_file, bytes) => Math.min(bytes, 3);
    await store
      .write('key', Readable.from([Buffer.from('ten bytes.')]))
      .finally(() => (onWrite = () => undefined));
    expect(await readFile(join(folder, 'key'), 'utf8')).toBe('ten bytes.');
  });

  it('throws DEPENDENCY_UNAVAILABLE if the disk rejects a file, and leaves nothing', async () => {
    const store = await openStore();
    await mkdir(join(folder, 'taken'));
    await writeFile(join(folder, 'taken', 'inside'), '');
    const written = store.write('taken', Readable.from([Buffer.from('content')]));
    await expect(written).rejects.toMatchObject({
      name: 'ApiError',
      code: 'DEPENDENCY_UNAVAILABLE',
    });
    expect(await readdir(folder)).toEqual(['taken']);
  });
});
