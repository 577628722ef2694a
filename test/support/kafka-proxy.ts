/**
 * A proxy between a kafkajs client and the broker. It can lose the reply to a Produce request: the
 * broker has stored the batch, and the client sees its connection close. It can also be
 * unavailable.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { KafkaConfig } from 'kafkajs';
import { kafkaAddress } from './kafka.js';

const PRODUCE = 0;
const API_KEY_AT = 4;

export interface KafkaProxy {
  /** For kafkajs: sends every connection through the proxy, whatever address the broker reports. */
  socketFactory: NonNullable<KafkaConfig['socketFactory']>;
  /** While true, the proxy loses the replies to Produce requests. */
  losesResponses: boolean;
  /** How many replies were lost. */
  lost: number;
  /** While true, the proxy closes all connections and accepts none. */
  isAway: boolean;
  /** How many connections were not accepted. */
  refused: number;
  stop: () => Promise<void>;
}

export async function startKafkaProxy(): Promise<KafkaProxy> {
  const sockets = new Set<Socket>();
  let away = false;
  const server = createServer((client) => join(client));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  function endAll(): void {
    for (const socket of sockets) socket.destroy();
  }

  function join(client: Socket): void {
    if (away) {
      proxy.refused += 1;
      client.destroy();
      return;
    }
    const broker = connect(kafkaAddress());
    let losesNext = false;
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    client.on('close', () => broker.destroy());
    broker.on('close', () => client.destroy());
    client.on('data', (request: Buffer) => {
      losesNext ||=
        proxy.losesResponses &&
        request.length > API_KEY_AT + 2 &&
        request.readInt16BE(API_KEY_AT) === PRODUCE;
      broker.write(request);
    });
    broker.on('data', (reply: Buffer) => {
      if (!losesNext) {
        client.write(reply);
        return;
      }
      proxy.lost += 1;
      client.destroy();
    });
  }

  const proxy: KafkaProxy = {
    socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port }, onConnect),
    losesResponses: false,
    lost: 0,
    refused: 0,
    get isAway() {
      return away;
    },
    set isAway(value) {
      away = value;
      if (away) endAll();
    },
    stop: async () => {
      endAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
