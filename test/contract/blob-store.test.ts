import { mkdir, open, readdir, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { built, openFolder } from '../support/built.js';
import { describeBlobStoreContract } from '../support/contracts/blob-store.js';

type FolderModule = typeof import('../../src/blobs/folder.js');

const { createFolderBlobStore } = await built<FolderModule>('blobs/folder.js');

describeBlobStoreContract('a folder', async () => {
  const { folder, close } = await openFolder();
  return { store: await createFolderBlobStore({ folder }), names: () => readdir(folder), close };
});

describe('the folder of blobs', () => {
  let folder: string;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ folder, close } = await openFolder());
  });
  afterEach(() => close());

  it('loses at start what an earlier process was writing when it ended, and keeps what is whole', async () => {
    await writeFile(join(folder, 'half.part'), 'ha');
    await writeFile(join(folder, 'whole'), 'whole');
    const store = await createFolderBlobStore({ folder });
    expect(await store.keys()).toEqual(['whole']);
  });

  it('is made where there is none, for this user alone, and so are its files', async () => {
    const path = join(folder, 'new', 'blobs');
    const store = await createFolderBlobStore({ folder: path });
    await store.write('key', Readable.from([Buffer.from('secret')]));
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect((await stat(join(path, 'key'))).mode & 0o077).toBe(0);
  });

  it('asks the disk to keep the bytes of every file, and their names together', async () => {
    const store = await createFolderBlobStore({ folder });
    const anyFile = await open(folder, 'r');
    const handles = Object.getPrototypeOf(anyFile) as FileHandle;
    await anyFile.close();
    const sync = Object.getOwnPropertyDescriptor(handles, 'sync')?.value as FileHandle['sync'];
    const flushed: string[][] = [];
    handles.sync = async function (this: FileHandle) {
      flushed.push((await this.stat()).isDirectory() ? (await readdir(folder)).filter((name) => !name.endsWith('.part')) : []);
      return sync.call(this);
    };
    const keys = Array.from({ length: 20 }, (_, index) => `key-${String(index)}`);
    const kept: boolean[] = [];
    try {
      await Promise.all(
        keys.map(async (key) => {
          await store.write(key, Readable.from([Buffer.from(key)]));
          kept.push(flushed.some((names) => names.includes(key)));
        }),
      );
    } finally {
      handles.sync = sync;
    }
    expect(kept).toEqual(keys.map(() => true));
    expect(flushed.filter((names) => names.length === 0)).toHaveLength(20);
    expect(flushed.length).toBeLessThan(40);
  });

  it('a disk that does not take the file is no fault of the client, and leaves nothing', async () => {
    const store = await createFolderBlobStore({ folder });
    await mkdir(join(folder, 'taken'));
    await writeFile(join(folder, 'taken', 'inside'), '');
    const written = store.write('taken', Readable.from([Buffer.from('content')]));
    await expect(written).rejects.toMatchObject({ name: 'ApiError', code: 'DEPENDENCY_UNAVAILABLE' });
    expect(await readdir(folder)).toEqual(['taken']);
  });
});
