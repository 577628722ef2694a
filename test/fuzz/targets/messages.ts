/**
 * Messages of graphql-transport-ws and of the plain WebSocket, in any order and with any content.
 */
import { readFileSync } from 'node:fs';
import fc, { type Arbitrary } from 'fast-check';
import { buildSchema } from 'graphql';
import { writeDocument } from '../graphql-writer.js';
import { exchangeMessages } from '../messages-client.js';
import { tapes } from '../tape.js';
import { defineTarget, tokenOf } from '../target.js';

const schema = buildSchema(
  readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'),
);
const TAPE = 120;
/** A placeholder that is replaced by the token of a user before a message is sent. */
const TOKEN = 'TOKEN';

interface MessagesCase {
  sockets: { path: '/graphql' | '/ws'; user: number; signIn: boolean; messages: string[] }[];
}

const ids = fc.constantFrom<unknown>(
  '1',
  '2',
  '',
  '__proto__',
  'constructor',
  'x'.repeat(300),
  1,
  null,
  {},
);
const operations = tapes(TAPE).map((tape) => writeDocument(schema, tape));
const subscriptions = fc.constantFrom(
  { query: 'subscription{documentStatus{kind seq status}}' },
  {
    query: 'subscription($i:ID,$a:Int){documentStatus(documentId:$i,afterSeq:$a){seq}}',
    variables: { i: 'x', a: -1 },
  },
  { query: 'subscription{documentStatus(completeOnTerminal:true){seq}}' },
  { query: '{viewer{id}}', variables: 'x', operationName: 'Q', extensions: [] },
);
const payloads = fc.oneof<Arbitrary<unknown>[]>(operations, subscriptions, fc.jsonValue());
const graphqlMessages: Arbitrary<unknown> = fc.oneof<Arbitrary<unknown>[]>(
  fc.record({ type: fc.constant('subscribe'), id: ids, payload: payloads }),
  fc.record({ type: fc.constant('complete'), id: ids }),
  fc.record({ type: fc.constantFrom('ping', 'pong'), payload: fc.jsonValue() }),
  fc.record({
    type: fc.constant('connection_init'),
    payload: fc.oneof(fc.constant({ authorization: `Bearer ${TOKEN}` }), fc.jsonValue()),
  }),
  fc.record({
    type: fc.constantFrom('next', 'error', 'connection_ack', 'nosuch', '__proto__', ''),
    id: ids,
    payload: fc.jsonValue(),
  }),
);
const plainMessages: Arbitrary<unknown> = fc.oneof<Arbitrary<unknown>[]>(
  fc.constant({ type: 'ping' }),
  fc.record(
    {
      type: fc.constant('auth'),
      token: fc.constantFrom<unknown>(TOKEN, 'x', '', 1, null),
      since: fc.constantFrom<unknown>(
        '2026-01-01T00:00:00Z',
        'yesterday',
        '',
        0,
        '0000-01-01T00:00:00Z',
        '9999-12-31T23:59:59+23:59',
      ),
    },
    { requiredKeys: ['type'] },
  ),
  fc.record({
    type: fc.constantFrom<unknown>('pong', 'authenticated', '__proto__', null, 1, []),
    data: fc.jsonValue(),
  }),
);
const deep = fc
  .nat(60_000)
  .map((depth) => `{"type":"ping","payload":${'['.repeat(depth)}${']'.repeat(depth)}}`);

function texts(messages: Arbitrary<unknown>): Arbitrary<string[]> {
  const json = messages.map((message) => JSON.stringify(message));
  const text = fc.oneof(
    { weight: 8, arbitrary: json },
    { weight: 1, arbitrary: fc.string() },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: deep },
  );
  return fc.array(text, { maxLength: 12 });
}

function sockets<Path extends '/graphql' | '/ws'>(path: Path, messages: Arbitrary<unknown>) {
  return fc.record({
    path: fc.constant(path),
    user: fc.nat(100),
    signIn: fc.boolean(),
    messages: texts(messages),
  });
}

export const messagesTarget = defineTarget<MessagesCase>({
  name: 'messages',
  share: 2,
  cases: fc.record({
    sockets: fc.array(
      fc.oneof(sockets('/graphql', graphqlMessages), sockets('/ws', plainMessages)),
      { minLength: 1, maxLength: 5 },
    ),
  }),
  send: async (sender, testCase) =>
    Promise.all(
      testCase.sockets.map(({ path, user, signIn, messages }) => {
        const token = tokenOf(sender, user);
        const withToken = messages.map((message) => message.replaceAll(TOKEN, token));
        return exchangeMessages(sender.url, {
          path,
          token: signIn ? token : null,
          messages: withToken,
        });
      }),
    ),
});
