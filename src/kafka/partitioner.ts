import { Partitioners, type ICustomPartitioner } from 'kafkajs';

/**
 * Returns the partitioner of Java's clients and of kafkajs, so that every client computes the same
 * partition for a key. kafkajs computes it with objects for 64-bit numbers, which takes longer than
 * everything else that happens to a record here.
 */
export function createPartitioner(): ReturnType<ICustomPartitioner> {
  const withoutKey = Partitioners.DefaultPartitioner();
  return (record) => {
    const { key } = record.message;
    if (key === null || key === undefined) return withoutKey(record);
    return (murmur2(Buffer.from(key)) & 0x7fffffff) % record.partitionMetadata.length;
  };
}

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** Returns 32 bits, signed. Source: org.apache.kafka.common.utils.Utils.murmur2. */
function murmur2(data: Buffer): number {
  const wholeWords = data.length - (data.length % 4);
  let hash = SEED ^ data.length;
  for (let index = 0; index < wholeWords; index += 4) {
    const mixed = Math.imul(data.readInt32LE(index), M);
    hash = Math.imul(hash, M) ^ Math.imul(mixed ^ (mixed >>> 24), M);
  }
  if (wholeWords < data.length)
    hash = Math.imul(hash ^ data.readUIntLE(wholeWords, data.length - wholeWords), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
