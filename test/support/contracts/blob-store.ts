/** The contract of BlobStore. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { BlobStore, Installation } from '../../../src/documents/ports.js';
import { built } from '../built.js';

const { createInstallationMarker } = await built<
  typeof import('../../../src/blobs/installation-marker.js')
>('blobs/installation-marker.js');
const { MARKER_KEY } = await built<typeof import('../../../src/blobs/managed-blob-store.js')>(
  'blobs/managed-blob-store.js',
);

export interface BlobStoreHarness {
  store: BlobStore;
  /** Returns the names of all objects, partial ones included. */
  names(): Promise<string[]>;
  close(): Promise<void>;
}

export function describeBlobStoreContract(
  name: string,
  open: () => Promise<BlobStoreHarness>,
): void {
  describe(`a blob store: ${name}`, () => {
    let harness: BlobStoreHarness;
    let store: BlobStore;
    let key: string;

    beforeEach(async () => {
      harness = await open();
      store = harness.store;
      key = randomUUID();
    });
    afterEach(() => harness.close());

    const read = async () => buffer(await store.read(key));

    it('returns what was written, byte by byte', async () => {
      const content = randomBytes(3_000_001);
      await store.write(key, Readable.from(slices(content, 65_537), { objectMode: false }));
      expect((await read()).equals(content)).toBe(true);
    });

    it('keeps blobs apart', async () => {
      const other = randomUUID();
      await Promise.all([
        store.write(key, Readable.from([Buffer.from('one')])),
        store.write(other, Readable.from([Buffer.from('two')])),
      ]);
      expect(String(await read())).toBe('one');
      expect(String(await buffer(await store.read(other)))).toBe('two');
    });

    it('rejects with the error of a broken stream, and leaves nothing', async () => {
      async function* broken(): AsyncGenerator<Buffer> {
        yield randomBytes(200_000);
        throw new Error('the client went away');
      }
      await expect(
        store.write(key, Readable.from(broken(), { objectMode: false })),
      ).rejects.toThrow('the client went away');
      await expect(store.read(key)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
      expect(await harness.names()).toEqual([]);
    });

    it('leaves nothing of a destroyed stream', async () => {
      const content = new Readable({ read: () => undefined });
      content.push(randomBytes(1_000));
      content.push(randomBytes(1_000));
      const buffers = content.iterator() as AsyncIterableIterator<Buffer>;
      await buffers.next();
      const written = store.write(key, buffers);
      content.destroy(new Error('the client went away'));
      await expect(written).rejects.toThrow('the client went away');
      expect(await harness.names()).toEqual([]);
    });

    it('throws BLOB_MISSING for a missing blob', async () => {
      await expect(store.read(key)).rejects.toMatchObject({
        name: 'ProcessingFailure',
        code: 'BLOB_MISSING',
      });
    });

    it('removes only the named blob', async () => {
      const other = randomUUID();
      for (const each of [key, other])
        await store.write(each, Readable.from([Buffer.from('content')]));
      await store.remove(key);
      expect(await harness.names()).toEqual([other]);
    });

    it('ignores the removal of a missing blob', async () => {
      await expect(store.remove(key)).resolves.toBeUndefined();
    });

    describe('the installation marker', () => {
      it('is missing until it is written, and does not affect the blobs', async () => {
        const marker = createInstallationMarker({
          blobs: store,
          installation: createFakeInstallation(),
        });
        await expect(marker.check()).rejects.toMatchObject({
          code: 'DEPENDENCY_UNAVAILABLE',
          message: expect.stringContaining('BLOB_URL') as string,
        });
        await store.write(key, Readable.from([Buffer.from('content')]));
        await marker.write();
        await marker.check();
        expect(String(await read())).toBe('content');
      });

      it('does not replace the marker of another installation', async () => {
        await createInstallationMarker({
          blobs: store,
          installation: createFakeInstallation(),
        }).write();
        const other = createInstallationMarker({
          blobs: store,
          installation: createFakeInstallation(),
        });
        const refusal = {
          code: 'DEPENDENCY_UNAVAILABLE',
          message: expect.stringContaining('another installation') as string,
        };
        await expect(other.write()).rejects.toMatchObject(refusal);
        await expect(other.check()).rejects.toMatchObject(refusal);
      });

      it('is not written to a second store', async () => {
        const installation = createFakeInstallation();
        await installation.markOnce(async () => undefined);
        const marker = createInstallationMarker({ blobs: store, installation });
        await marker.write();
        await expect(marker.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
        expect(await harness.names()).toEqual([]);
      });

      it('replaces a truncated marker', async () => {
        await store.write(MARKER_KEY, Readable.from([Buffer.from('')]));
        const marker = createInstallationMarker({
          blobs: store,
          installation: createFakeInstallation(),
        });
        await expect(marker.check()).rejects.toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' });
        await marker.write();
        await marker.check();
      });
    });
  });
}

function createFakeInstallation(): Installation {
  const id = randomUUID();
  let isMarked = false;
  return {
    id: async () => id,
    markOnce: async (mark) => {
      if (isMarked) return;
      await mark(id);
      isMarked = true;
    },
    unmark: async () => {
      isMarked = false;
    },
  };
}

function* slices(content: Buffer, size: number): Generator<Buffer> {
  for (let start = 0; start < content.length; start += size)
    yield content.subarray(start, start + size);
}
