/** GraphQL documents and variables that are costly to parse, validate or execute, on every API. */
import { ofKind, type HostileInput, type Target } from '../input.js';
import { atOnce, EVENT_STREAM, JSON_BODY, postGraphql, PREFLIGHT, send } from '../requests.js';
import { operateOnce } from './socket-client.js';

const TYPE = 'type{kind name ofType{kind name ofType{kind name}}}';
const FIELDS = `fields{name description args{name description defaultValue type{kind name ofType{name}}} ${TYPE}}`;
const SCHEMA = `__schema{types{kind name description ${FIELDS} inputFields{name} enumValues{name description}}}`;
const HISTORIES = 'edges{node{events(first:500){kind seq message document{id}}}}';

export const graphqlInputs: HostileInput[] = [
  ...ofKind('graphql', 'DOOR-08', {
    'repeated-fields': everywhere(`{${'viewer{id} '.repeat(780)}}`, {}, 10),
    'repeated-nested-fields': everywhere(`{${'documents{edges{node{id}}} '.repeat(390)}}`, {}, 5),
    'repeated-leaves': everywhere(`{viewer{${'id '.repeat(3_900)}}}`),
    'repeated-fields-with-arguments': everywhere(`{${'document(id:"x"){id} '.repeat(480)}}`),
    'repeated-typenames': everywhere(`{${'__typename '.repeat(3_900)}}`),
    'fragments-240': everywhere(
      `{${each(240, (n) => `...F${n}`)}}${each(240, (n) => `fragment F${n} on Query{viewer{id email}}`)}`,
      {},
      3,
    ),
    'fragments-in-a-chain': everywhere(
      `{...F0}${each(400, (n) => `fragment F${n} on Query{...F${n + 1}}`)} fragment F400 on Query{viewer{id}}`,
    ),
    'fragments-doubling': everywhere(
      `{...F0}${each(40, (n) => `fragment F${n} on Query{...F${n + 1} ...F${n + 1}}`)} fragment F40 on Query{viewer{id}}`,
    ),
    'fragments-in-a-cycle': everywhere(
      `{...F0}${each(60, (n) => `fragment F${n} on Query{...F${(n + 1) % 60} ...F${(n + 7) % 60}}`)}`,
    ),
    'inline-fragments': everywhere(`{${'...on Query{viewer{id}} '.repeat(400)}}`),
    'directives-in-one-place': everywhere(`{viewer{id ${'@include(if:true) '.repeat(600)}}}`),
    'directives-unknown': everywhere(`{viewer{id ${'@x '.repeat(1_900)}}}`),
    'directives-everywhere': everywhere(
      `{${'viewer @skip(if:false) {id @include(if:true)} '.repeat(180)}}`,
    ),
    'operations-1000': everywhere(each(1_000, (n) => `query Q${n}{__typename}`)),
    'variables-1000': everywhere(`query(${each(600, (n) => `$v${n}:String`)}){__typename}`),
    'variables-one-name': everywhere(`query(${'$v:[[[String!]!]!]! '.repeat(300)}){__typename}`),
    'schema-30': everywhere(`{${SCHEMA} ${each(29, (n) => `a${n}:${SCHEMA} `)}}`, {}, 10),
    'schema-through-a-fragment': everywhere(
      `{${each(29, (n) => `a${n}:__schema{...T} `)}} fragment T on __Schema{types{...U fields{name type{...U}}}} fragment U on __Type{name kind description}`,
    ),
    'types-of-types': everywhere(
      `{__schema{types{fields{type{fields{type{fields{type{fields{type{name description}}}}}}}}}}}`,
    ),
    'type-30': everywhere(`{${each(29, (n) => `a${n}:__type(name:"Document"){${FIELDS}} `)}}`),
    suggestions: everywhere(`{${each(1_300, (n) => `documen${n} `)}}`),
    'types-unknown': everywhere(`query(${each(300, (n) => `$a${n}:Documen${n}`)}){__typename}`),
  }),
  ...ofKind('graphql', 'CORE-09', {
    'histories-through-a-fragment': everywhere(
      `{${each(30, (n) => `a${n}:documents(first:100){...F} `)}} fragment F on DocumentConnection{${HISTORIES}}`,
    ),
    'histories-in-histories': everywhere(
      `{documents(first:100){edges{node{events(first:500){document{events(first:500){document{id}}}}}}}}`,
    ),
    'lists-in-lists': everywhere(
      `{${each(29, (n) => `a${n}:documents(first:100){totalCount ${HISTORIES}} `)}}`,
    ),
    'counts-30': everywhere(`{${each(30, (n) => `a${n}:documents{totalCount} `)}}`),
    'counts-through-fragments': everywhere(
      `{${each(30, (n) => `a${n}:viewer{id} `)} ...A ...B} fragment A on Query{${each(14, (n) => `c${n}:documentCounts{count} `)}} fragment B on Query{...A ${each(14, (n) => `d${n}:limits{documents} `)}}`,
    ),
    'queue-positions': everywhere(
      `{${each(29, (n) => `a${n}:documents(first:100){edges{node{queuePosition}}} `)}}`,
    ),
    'a-batch-of-1000': (target) =>
      atOnce(3, () =>
        send(target, {
          headers: JSON_BODY,
          body: JSON.stringify(Array.from({ length: 1_000 }, () => ({ query: '{viewer{id}}' }))),
        }),
      ),
  }),
  ...ofKind('graphql', 'DOOR-14', {
    'filter-filename': filenameFilter('%_\\'.repeat(60_000)),
    'filter-filename-of-percents': filenameFilter('%'.repeat(200_000)),
    'filter-filename-of-marks': filenameFilter('e\u0301'.repeat(30_000)),
    'filter-filename-of-nul': filenameFilter('\0'.repeat(30_000)),
    'filter-status-20000': everywhere(
      'query($f:DocumentFilter){documents(filter:$f){totalCount}}',
      {
        f: { status: Array(20_000).fill('PENDING') },
      },
    ),
    'document-ids-20000': everywhere('query($i:[ID!]){search(query:"x",documentIds:$i){score}}', {
      i: Array(20_000).fill('3fa85f64'),
    }),
    'document-id-of-200-kB': everywhere('query($i:ID!){document(id:$i){id}}', {
      i: 'a'.repeat(200_000),
    }),
    'after-of-200-kB': everywhere('query($a:String){documents(after:$a){totalCount}}', {
      a: Buffer.from('['.repeat(140_000)).toString('base64'),
    }),
    'cursors-of-nonsense': async (target) =>
      Promise.all(
        ['', 'null', '[]', '[1,2]', '["9999-99-99","x"]', '{"a":1}', '"x"', '[[[]]]'].map(
          (cursor) =>
            postGraphql(target, 'query($a:String){documents(after:$a){totalCount}}', {
              a: Buffer.from(cursor).toString('base64url'),
            }),
        ),
      ),
    'numbers-out-of-range': async (target) =>
      Promise.all(
        ['-1', '0', '101', '2147483648', '1e99', '-1e-9', '9'.repeat(300)].map((first) =>
          postGraphql(target, `{documents(first:${first}){totalCount}}`),
        ),
      ),
  }),
  ...ofKind('graphql', 'DOOR-15', {
    'nested-list': everywhere(`{search(query:${'['.repeat(1_900)}${']'.repeat(1_900)}){score}}`),
    'nested-list-open': everywhere(`{search(query:${'['.repeat(3_900)}`),
    'nested-object': everywhere(
      `{documents(filter:${'{a:'.repeat(1_200)}1${'}'.repeat(1_200)}){totalCount}}`,
    ),
    'nested-selections': everywhere(`${'{a'.repeat(1_900)}${'}'.repeat(1_900)}`),
    'nested-type': everywhere(`query($a:${'['.repeat(1_900)}Int${']'.repeat(1_900)}){__typename}`),
    'nested-variables': everywhere(
      'query($f:DocumentFilter){documents(filter:$f){totalCount}}',
      undefined,
      1,
      `{"f":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    ),
    'nested-objects-in-variables': everywhere(
      'query($f:DocumentFilter){documents(filter:$f){totalCount}}',
      undefined,
      1,
      `{"f":${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}}`,
    ),
    'nested-body': (target) =>
      atOnce(3, () => send(target, { headers: JSON_BODY, body: '['.repeat(250_000) })),
    'nested-json-body': (target) =>
      atOnce(3, () =>
        send(target, {
          headers: JSON_BODY,
          body: `${'{"a":'.repeat(40_000)}1${'}'.repeat(40_000)}`,
        }),
      ),
    'list-coercion': everywhere('query($i:[ID!]){search(query:"x",documentIds:$i){score}}', {
      i: Array(50_000).fill([]),
    }),
    'wrong-items-50000': everywhere('query($f:DocumentFilter){documents(filter:$f){totalCount}}', {
      f: { status: Array(20_000).fill('NO_SUCH') },
    }),
    'prototypes-in-variables': everywhere(
      'query($f:DocumentFilter){documents(filter:$f){totalCount}}',
      undefined,
      1,
      '{"__proto__":{"f":{}},"f":{"__proto__":{"filename":"x"},"constructor":1}}',
    ),
  }),
  ...ofKind('graphql', 'DOOR-20', {
    'a-field-name-of-200-kB': everywhere(`{${'a'.repeat(200_000)}}`),
    'a-type-name-of-200-kB': everywhere(`query($a:${'A'.repeat(200_000)}){__typename}`),
    'comments-250-kB': everywhere(`{__typename}${'#\n'.repeat(125_000)}`),
    'commas-250-kB': everywhere(`{__typename${','.repeat(250_000)}}`),
    'a-number-of-200-kB': everywhere(`{documents(first:${'1'.repeat(200_000)}){totalCount}}`),
    'a-block-string-of-200-kB': everywhere(`{search(query:"""${'\n  '.repeat(60_000)}"""){score}}`),
    'escapes-40000': everywhere(`{search(query:"${'\\u{1F600}'.repeat(25_000)}"){score}}`),
    'spaces-and-marks': everywhere(`\ufeff${'\ufeff \t\r\n'.repeat(30_000)}{__typename}`),
  }),
  ...ofKind('graphql', 'DOOR-11', {
    'a-user-asks-1000-times': (target) =>
      atOnce(1_000, () =>
        postGraphql(
          target,
          '{documents(first:100){totalCount edges{node{id status}}} documentCounts{count}}',
        ),
      ),
    'anonymous-1000-times': (target) =>
      atOnce(1_000, () => postGraphql(target, '{viewer{id}}', {}, { token: null })),
    'answers-nobody-waits-for': (target) =>
      atOnce(40, () =>
        postGraphql(target, '{documents(first:100){totalCount}}', {}, { timeoutMs: 5 }),
      ),
  }),
];

/** Joins `count` texts, one for each number from 0. */
function each(count: number, toText: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => toText(index)).join(' ');
}

function filenameFilter(filename: string): HostileInput['send'] {
  return everywhere('query($f:DocumentFilter){documents(filter:$f){totalCount}}', {
    f: { filename },
  });
}

/**
 * Sends a document without a token, with a token, by GET, over SSE and over the WebSocket. Sends
 * the first two `times` times at once.
 */
function everywhere(
  query: string,
  variables: unknown = {},
  times = 1,
  rawVariables?: string,
): HostileInput['send'] {
  const variablesText = rawVariables ?? JSON.stringify(variables);
  const body = `{"query":${JSON.stringify(query)},"variables":${variablesText}}`;
  return async (target) => [
    ...(await atOnce(times, () => send(target, { headers: JSON_BODY, body, token: null }))),
    ...(await atOnce(times, () => send(target, { headers: JSON_BODY, body }))),
    ...(await sendByGet(target, query, variablesText)),
    await send(target, { headers: EVENT_STREAM, body }),
    await operateOnce(target, body),
  ];
}

/** Sends nothing over 100,000 characters. Node itself rejects headers over 16 KiB with 431. */
async function sendByGet(target: Target, query: string, variables: string): Promise<string[]> {
  const path = `/graphql?query=${encodeURIComponent(query)}&variables=${encodeURIComponent(variables)}`;
  return path.length > 100_000
    ? []
    : [await send(target, { path, method: 'GET', headers: PREFLIGHT })];
}
