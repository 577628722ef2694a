/** The fuzzer can fail: each invariant, broken by a stand-in of the product. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInvariants, type Subject } from '../fuzz/invariants.js';
import type { FuzzResponse } from '../fuzz/responses.js';

const BOUNDS = { healthMs: 200, leftoversMs: 300 };
const TOKENS = ['dev:fuzz'];

interface StandIn extends Subject {
  /** What it has logged. */
  lines: string[];
  documents: { id: string; status: string }[];
  healthDelayMs: number;
  end(): void;
}

let server: Server;
let standIn: StandIn;

beforeEach(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'docstream-fuzz-'));
  await mkdir(join(dataDir, 'blobs'));
  const exited = Promise.withResolvers<number>();
  const lines: string[] = [];
  server = createServer((request, response) => {
    const delayMs = request.url === '/healthz' ? standIn.healthDelayMs : 0;
    const { documents } = standIn;
    const data = {
      documents: { totalCount: documents.length, edges: documents.map((node) => ({ node })) },
    };
    setTimeout(() => response.end(JSON.stringify({ data })), delayMs);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
  standIn = {
    url,
    dataDir,
    exited: exited.promise,
    logs: () => lines.join('\n'),
    lines,
    documents: [],
    healthDelayMs: 0,
    end: () => exited.resolve(1),
  };
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(standIn.dataDir, { recursive: true });
});

function check(response?: FuzzResponse): Promise<void> {
  return createInvariants(standIn, BOUNDS).check(() =>
    Promise.resolve(response === undefined ? [] : [response]),
  );
}

function http(status: number, body: object): FuzzResponse {
  return { kind: 'http', status, text: JSON.stringify(body), problem: '' };
}

function graphql(code: string): object {
  return { data: null, errors: [{ message: 'x', extensions: { code } }] };
}

describe('a case of the fuzzer', () => {
  it.each<[string, FuzzResponse]>([
    ['a documented code of GraphQL', http(200, graphql('DOCUMENT_NOT_FOUND'))],
    ['a documented code of REST', http(415, { error: { code: 'UNSUPPORTED_MEDIA_TYPE' } })],
    ['a close code that clients know', { kind: 'socket', messages: [], closeCode: 4401 }],
    [
      'a document that failed for a reason of its own',
      { kind: 'document', id: '1', status: 'FAILED', code: 'CORRUPT' },
    ],
  ])('passes on %s', async (_, response) => {
    await expect(check(response)).resolves.toBeUndefined();
  });

  it.each<[string, FuzzResponse, string]>([
    ['a code that is not documented', http(200, graphql('NO_SUCH_CODE')), 'NO_SUCH_CODE'],
    [
      'an error without a code',
      http(200, { errors: [{ message: 'x', extensions: {} }] }),
      'no code',
    ],
    ['INTERNAL_SERVER_ERROR', http(200, graphql('INTERNAL_SERVER_ERROR')), 'INTERNAL_SERVER_ERROR'],
    [
      'a status that is not known',
      http(500, { error: { code: 'BAD_USER_INPUT' } }),
      'HTTP status 500',
    ],
    ['a refusal without a code', http(400, {}), 'without a code'],
    [
      'no response',
      { kind: 'http', status: 0, text: '', problem: 'none within 20000 ms' },
      'no response',
    ],
    [
      'a close code that means a bug',
      { kind: 'socket', messages: [], closeCode: 4500 },
      'close code 4500',
    ],
    [
      'a bug in a message',
      {
        kind: 'socket',
        messages: ['{"type":"error","data":{"code":"INTERNAL_SERVER_ERROR"}}'],
        closeCode: null,
      },
      'INTERNAL',
    ],
    [
      'a bug in an event',
      {
        kind: 'socket',
        messages: [JSON.stringify({ type: 'next', payload: graphql('NO_SUCH_CODE') })],
        closeCode: null,
      },
      'NO_SUCH',
    ],
    [
      'a document that ended the process that read it',
      { kind: 'document', id: '1', status: 'PENDING', code: 'INTERNAL' },
      'INTERNAL',
    ],
    [
      'a document that does not end',
      { kind: 'document', id: '1', status: 'EXTRACTING', code: null },
      'does not end',
    ],
  ])('fails on %s', async (_, response, problem) => {
    await expect(check(response)).rejects.toThrow(problem);
  });

  it('fails on a line at level error', async () => {
    const sent = createInvariants(standIn, BOUNDS).check(async () => {
      standIn.lines.push('{"level":30,"msg":"fine"}', '{"level":50,"msg":"unhandled error"}');
      return [];
    });
    await expect(sent).rejects.toThrow('unhandled error');
  });

  it('fails once the process has ended', async () => {
    standIn.end();
    await expect(check()).rejects.toThrow('the process ended with 1');
  });

  it('fails on a slow /healthz', async () => {
    standIn.healthDelayMs = 2 * BOUNDS.healthMs;
    await expect(check()).rejects.toThrow(/healthz took \d+ ms, twice/);
  });
});

describe('what the fuzzer leaves', () => {
  const checkLeftovers = () => createInvariants(standIn, BOUNDS).checkLeftovers(TOKENS);

  it('is nothing', async () => {
    await expect(checkLeftovers()).resolves.toBeUndefined();
  });

  it('is no stored file', async () => {
    await writeFile(join(standIn.dataDir, 'blobs', 'orphan'), '');
    await expect(checkLeftovers()).rejects.toThrow('file orphan');
  });

  it('is no working folder of a reader', async () => {
    await mkdir(join(standIn.dataDir, 'work', 'extract-1', 'document-1'), { recursive: true });
    await expect(checkLeftovers()).rejects.toThrow('document-1');
  });

  it('is no document, ended or not', async () => {
    standIn.documents = [{ id: '1', status: 'COMPLETED' }];
    await expect(checkLeftovers()).rejects.toThrow('did not end');
    standIn.documents = [{ id: '1', status: 'PENDING' }];
    await expect(checkLeftovers()).rejects.toThrow('did not end');
  });
});
