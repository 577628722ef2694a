/** Zip packages for tests: small, valid and deterministic. */
import { crc32, deflateRawSync } from 'node:zlib';

interface Entry {
  name: Buffer;
  content: Buffer;
  packed: Buffer;
  offset: number;
}

export function makeZip(
  parts: Iterable<readonly [name: string, content: string | Buffer]>,
): Buffer {
  const pieces: Buffer[] = [];
  const entries: Entry[] = [];
  let offset = 0;
  for (const [name, part] of parts) {
    const content = typeof part === 'string' ? Buffer.from(part) : part;
    const entry = { name: Buffer.from(name), content, packed: deflateRawSync(content), offset };
    const local = Buffer.concat([header(entry, 'local'), entry.name, entry.packed]);
    entries.push(entry);
    pieces.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(
    entries.flatMap((entry) => [header(entry, 'central'), entry.name]),
  );
  return Buffer.concat([...pieces, directory, endRecord(entries.length, directory.length, offset)]);
}

/** Both headers have these fields at different offsets; the directory has more. */
function header({ name, content, packed, offset }: Entry, where: 'local' | 'central'): Buffer {
  const central = where === 'central';
  const bytes = Buffer.alloc(central ? 46 : 30);
  bytes.writeUInt32LE(central ? 0x02014b50 : 0x04034b50, 0);
  const at = central ? 10 : 8;
  bytes.writeUInt16LE(8, at);
  bytes.writeUInt32LE(crc32(content), at + 6);
  bytes.writeUInt32LE(packed.length, at + 10);
  bytes.writeUInt32LE(content.length, at + 14);
  bytes.writeUInt16LE(name.length, at + 18);
  if (central) bytes.writeUInt32LE(offset, 42);
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
