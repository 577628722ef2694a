/**
 * Reads the metadata of a broker in Kafka's protocol: a broker accepts connections long before the
 * cluster admits it.
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';

const METADATA = 3;
/** The oldest version that Kafka 4 supports, and so the simplest. */
const VERSION = 4;
const NO_TOPICS = 0;
const PROBE_MS = 2_000;

/**
 * Returns how many admitted brokers the cluster has.
 * https://kafka.apache.org/protocol#The_Messages_Metadata
 */
export async function countBrokers(port) {
  const socket = connect({ port, host: '127.0.0.1', timeout: PROBE_MS });
  socket.once('timeout', () => socket.destroy(new Error('the broker does not respond')));
  try {
    await once(socket, 'connect');
    socket.write(request());
    return readCount(await readReply(socket));
  } finally {
    socket.destroy();
  }
}

/**
 * Returns the length, the header (key, version, correlation id, no client id) and the body (topics,
 * no auto-creation) of a request.
 */
function request() {
  const message = Buffer.alloc(4 + 10 + 5);
  message.writeInt32BE(message.length - 4, 0);
  message.writeInt16BE(METADATA, 4);
  message.writeInt16BE(VERSION, 6);
  message.writeInt16BE(-1, 12);
  message.writeInt32BE(NO_TOPICS, 14);
  return message;
}

async function readReply(socket) {
  let reply = Buffer.alloc(0);
  for await (const buffer of socket) {
    reply = Buffer.concat([reply, buffer]);
    if (reply.length >= 4 && reply.length >= 4 + reply.readInt32BE(0)) return reply;
  }
  throw new Error('the broker closed the connection');
}

/** The length, the correlation id and the throttle time precede the count. */
function readCount(reply) {
  return reply.readInt32BE(12);
}
