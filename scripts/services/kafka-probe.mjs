/**
 * Asks a broker for its metadata, in Kafka's own protocol: it answers at its port long before it
 * may serve.
 */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';

const METADATA = 3;
/** The oldest that Kafka 4 knows, so the simplest. */
const VERSION = 4;
const NO_TOPICS = 0;
const PROBE_MS = 2_000;

/**
 * How many brokers the cluster has that may serve.
 * https://kafka.apache.org/protocol#The_Messages_Metadata
 */
export async function countBrokers(port) {
  const socket = connect({ port, host: '127.0.0.1', timeout: PROBE_MS });
  socket.once('timeout', () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
    socket.write(request());
    return readCount(await readAnswer(socket));
  } finally {
    socket.destroy();
  }
}

/**
 * Length, then the header (key, version, correlation id, no client id), then the body (topics, no
 * auto-creation).
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

async function readAnswer(socket) {
  let answer = Buffer.alloc(0);
  for await (const part of socket) {
    answer = Buffer.concat([answer, part]);
    if (answer.length >= 4 && answer.length >= 4 + answer.readInt32BE(0)) return answer;
  }
  throw new Error('the broker closed the connection');
}

/** Length, correlation id and throttle time come first. */
function readCount(answer) {
  return answer.readInt32BE(12);
}
