import { Partitioners, type ICustomPartitioner } from 'kafkajs';

/**
 * A key's partition as Java's clients and kafkajs' own partitioner have it, so that whoever
 * computes one gets the same. kafkajs computes with objects for 64-bit numbers, which takes longer
 * than all else that is done for a record here.
 */
export const createPartitioner: ICustomPartitioner = () => {
  const withoutKey = Partitioners.DefaultPartitioner();
  return (record) => {
    const { key } = record.message;
    if (key === null || key === undefined) return withoutKey(record);
    return (murmur2(Buffer.from(key)) & 0x7fffffff) % record.partitionMetadata.length;
  };
};

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

/** Source: org.apache.kafka.common.utils.Utils.murmur2. Answers 32 bits, signed. */
function murmur2(data: Buffer): number {
  const whole = data.length - (data.length % 4);
  let hash = SEED ^ data.length;
  for (let at = 0; at < whole; at += 4) {
    const mixed = Math.imul(data.readInt32LE(at), M);
    hash = Math.imul(hash, M) ^ Math.imul(mixed ^ (mixed >>> 24), M);
  }
  if (whole < data.length) hash = Math.imul(hash ^ data.readUIntLE(whole, data.length - whole), M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}
