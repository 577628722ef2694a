/** Sends handmade WebSocket frames (RFC 6455), most of which a library would refuse to send. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { toSignInMessage } from './messages-client.js';
import type { SocketResponse } from './responses.js';

export interface Frame {
  fin: boolean;
  reserved: number;
  opcode: number;
  masked: boolean;
  payload: string;
  /** The length in the frame; null for the true length. */
  claimedLength: number | null;
  times: number;
}

const LISTEN_MS = 120;
const UPGRADE_MS = 10_000;
const TEXT = 1;
const CLOSE = 8;
const CUT_OFF = 1_006;
const NO_CODE = 1_005;

export interface FramesSent {
  path: '/graphql' | '/ws';
  token: string | null;
  frames: readonly Frame[];
}

export async function exchangeFrames(
  url: string,
  { path, token, frames }: FramesSent,
): Promise<SocketResponse> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
  socket.on('error', () => undefined);
  const received: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => received.push(bytes));
  // `once` of node:events would reject at the error that precedes each reset.
  const ended = new Promise<true>((resolve) => socket.once('close', () => resolve(true)));
  socket.write(toUpgradeRequest(url, path));
  await Promise.race([
    once(socket, 'data', { signal: AbortSignal.timeout(UPGRADE_MS) }),
    ended,
  ]).catch(() => undefined);
  if (token !== null) socket.write(encode(toTextFrame(toSignInMessage(path, token))));
  for (const frame of frames) write(socket, frame);
  const closed = await Promise.race([ended, sleep(LISTEN_MS, false)]);
  socket.destroy();
  return toResponse(Buffer.concat(received), closed);
}

function toUpgradeRequest(url: string, path: string): string {
  const protocol = path === '/graphql' ? 'Sec-WebSocket-Protocol: graphql-transport-ws\r\n' : '';
  const headers =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  return `GET ${path} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${headers}${protocol}\r\n`;
}

function toTextFrame(payload: string): Frame {
  return {
    fin: true,
    reserved: 0,
    opcode: TEXT,
    masked: true,
    payload,
    claimedLength: null,
    times: 1,
  };
}

function write(socket: Socket, frame: Frame): void {
  const bytes = encode(frame);
  for (let time = 0; time < frame.times && socket.writable; time += 1) socket.write(bytes);
}

/** Encodes a frame. Its mask is zero, which leaves the bytes unchanged. */
function encode({ fin, reserved, opcode, masked, payload, claimedLength }: Frame): Buffer {
  const bytes = Buffer.from(payload, 'latin1');
  const length = claimedLength ?? bytes.length;
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  return Buffer.concat([
    Buffer.from([first]),
    lengthBytes(length, mask),
    Buffer.alloc(masked ? 4 : 0),
    bytes,
  ]);
}

function lengthBytes(length: number, mask: number): Buffer {
  if (length < 126) return Buffer.from([mask | length]);
  const bytes = Buffer.alloc(length < 65_536 ? 3 : 9);
  bytes[0] = mask | (length < 65_536 ? 126 : 127);
  if (length < 65_536) bytes.writeUInt16BE(length, 1);
  else bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}

/** Returns the texts and the close code that follow the response to the upgrade. */
function toResponse(received: Buffer, closed: boolean): SocketResponse {
  const messages: string[] = [];
  let closeCode: number | null = null;
  for (const { opcode, payload } of decode(received.subarray(received.indexOf('\r\n\r\n') + 4))) {
    if (opcode === TEXT) messages.push(payload.toString());
    if (opcode === CLOSE) closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : NO_CODE;
  }
  return { kind: 'socket', messages, closeCode: closeCode ?? (closed ? CUT_OFF : null) };
}

function* decode(bytes: Buffer): Iterable<{ opcode: number; payload: Buffer }> {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + head > bytes.length) return;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    yield {
      opcode: (bytes[at] ?? 0) & 0x0f,
      payload: bytes.subarray(at + head, at + head + length),
    };
    at += head + length;
  }
}
