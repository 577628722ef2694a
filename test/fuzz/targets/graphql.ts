/** GraphQL documents made from the schema, with invalid names among them, over every HTTP API. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { writeDocument } from '../graphql-writer.js';
import { sendHttp, type HttpRequest } from '../http-client.js';
import { mutate, occasionalMutations, type Mutation } from '../mutation.js';
import { tapes } from '../tape.js';
import { defineTarget, tokenOf } from '../target.js';

const schema = buildSchema(
  readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'),
);
const TOKENS = [
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  '$',
  '...',
  '@skip(if:true)',
  '"',
  '"""',
  '#',
  '\n',
  'viewer{id}',
  '__schema{types{name}}',
  '\\u{110000}',
];
const TAPE = 400;

interface GraphqlCase {
  transport: 'post' | 'anonymous' | 'get' | 'stream';
  user: number;
  tape: number[];
  damage: Mutation[];
  operationName: unknown;
  /** Replaces the variables that conform; null keeps them. */
  variables: string | null;
}

const deep = fc
  .tuple(fc.constantFrom('[', '{"a":'), fc.nat(20_000))
  .map(([open, depth]) => open.repeat(depth));
const long = fc
  .nat(100_000)
  .map((length) => JSON.stringify({ v0: 'x'.repeat(length), filename: '%'.repeat(length) }));
const odd = fc.oneof(
  fc.json(),
  deep,
  long,
  fc.constant('{"__proto__":{"v0":1},"v0":{"__proto__":null}}'),
);

export const graphqlTarget = defineTarget<GraphqlCase>({
  name: 'graphql',
  share: 2,
  cases: fc.record({
    transport: fc.constantFrom('post', 'post', 'anonymous', 'get', 'stream'),
    user: fc.nat(100),
    tape: tapes(TAPE),
    damage: occasionalMutations(TOKENS),
    operationName: fc.constantFrom<unknown>(
      undefined,
      undefined,
      undefined,
      'Q0',
      'nosuch',
      '__proto__',
      1,
      {},
      [],
      null,
    ),
    variables: fc.option(odd, { freq: 4 }),
  }),
  send: async (sender, testCase) => [
    await sendHttp(sender.url, toRequest(testCase, tokenOf(sender, testCase.user))),
  ],
  show: (testCase) => toRequest(testCase, 'TOKEN'),
});

function toRequest(
  { transport, tape, damage, operationName, variables }: GraphqlCase,
  token: string,
): HttpRequest {
  const written = writeDocument(schema, tape);
  const query = mutate(Buffer.from(written.query), damage).toString();
  const variablesText = variables ?? JSON.stringify(written.variables);
  const authorization = transport === 'anonymous' ? {} : { authorization: `Bearer ${token}` };
  if (transport === 'get') {
    const path = `/graphql?query=${encodeURIComponent(query)}&variables=${encodeURIComponent(variablesText)}`;
    return {
      method: 'GET',
      path: path.slice(0, 12_000),
      headers: { ...authorization, 'apollo-require-preflight': '1' },
      body: '',
    };
  }
  const accept = transport === 'stream' ? { accept: 'text/event-stream' } : {};
  const name =
    operationName === undefined ? '' : `,"operationName":${JSON.stringify(operationName)}`;
  const headers = { ...authorization, ...accept, 'content-type': 'application/json' };
  return {
    method: 'POST',
    path: '/graphql',
    headers,
    body: `{"query":${JSON.stringify(query)},"variables":${variablesText}${name}}`,
  };
}
