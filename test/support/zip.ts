/** Zip files for tests: valid, and the same bytes every time. */
import { crc32, deflateRawSync } from 'node:zlib';

/** An entry whose content is compressed already. */
export interface PackedEntry {
  name: Buffer;
  /** The compressed content; the buffers follow each other in the file. */
  packed: readonly Buffer[];
  /** The size of the content that the headers declare. */
  declaredBytes: number;
  /** The CRC-32 that the headers declare. */
  checksum: number;
}

interface PlacedEntry extends PackedEntry {
  packedBytes: number;
  /** The position of the local header in the file. */
  offset: number;
}

export function makeZip(
  entries: Iterable<readonly [name: string, content: string | Buffer]>,
): Buffer {
  const packed = Array.from(entries, ([name, content]) => packEntry(name, content));
  return Buffer.concat([...zipBuffers(packed)]);
}

export function packEntry(name: string, content: string | Buffer): PackedEntry {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return {
    name: Buffer.from(name),
    packed: [deflateRawSync(bytes)],
    declaredBytes: bytes.length,
    checksum: crc32(bytes),
  };
}

/** Yields the buffers of a zip file in order, so that a large file need not fit into memory. */
export function* zipBuffers(entries: Iterable<PackedEntry>): Generator<Buffer> {
  const placed: PlacedEntry[] = [];
  let offset = 0;
  for (const entry of entries) {
    const packedBytes = entry.packed.reduce((sum, { length }) => sum + length, 0);
    const local = { ...entry, packedBytes, offset };
    const localHeader = Buffer.concat([header(local, 'local'), entry.name]);
    placed.push(local);
    yield localHeader;
    yield* entry.packed;
    offset += localHeader.length + packedBytes;
  }
  const directory = Buffer.concat(
    placed.flatMap((entry) => [header(entry, 'central'), entry.name]),
  );
  yield directory;
  yield endRecord(placed.length, directory.length, offset);
}

/** The two kinds hold the same fields at different offsets; the central one holds more. */
function header(entry: PlacedEntry, kind: 'local' | 'central'): Buffer {
  const isCentral = kind === 'central';
  const bytes = Buffer.alloc(isCentral ? 46 : 30);
  bytes.writeUInt32LE(isCentral ? 0x02014b50 : 0x04034b50, 0);
  const at = isCentral ? 10 : 8;
  bytes.writeUInt16LE(8, at);
  bytes.writeUInt32LE(entry.checksum, at + 6);
  bytes.writeUInt32LE(entry.packedBytes, at + 10);
  bytes.writeUInt32LE(entry.declaredBytes, at + 14);
  bytes.writeUInt16LE(entry.name.length, at + 18);
  if (isCentral) bytes.writeUInt32LE(entry.offset, 42);
  return bytes;
}

function endRecord(count: number, directoryBytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directoryBytes, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}
