/** Multipart requests with hostile maps, operations and parts. */
import { ofKind, type HostileInput, type Target } from '../input.js';
import { multipart, MULTIPART_BODY, PREFLIGHT, send, type MultipartPart } from '../requests.js';

const TYPENAME = {
  query: '{__typename}',
  variables: { list: [null, []], text: 'x', object: {}, empty: null },
};
const UPLOAD = 'uploadDocument(file:$FILE){document{id}}';

/** Paths through inherited properties, prototypes, strings and lists, and out of the variables. */
const MAP_PATHS = [
  'variables.hasOwnProperty.call',
  'variables.toString.call',
  'variables.valueOf.apply',
  'variables.propertyIsEnumerable.bind',
  'variables.isPrototypeOf.x',
  'variables.toLocaleString',
  'variables.__proto__.x',
  'variables.constructor.prototype.x',
  'variables.__lookupGetter__.call',
  'variables.list.push.call',
  'variables.list.forEach.call',
  'variables.list.map.apply',
  'variables.list.length',
  'variables.list.4294967294',
  'variables.list.0.x',
  'variables.text.slice.call',
  'variables.text.0',
  'variables.object.hasOwnProperty.call',
  'variables.object.new.deeper',
  'variables.empty.toString',
  'variables',
  'query',
  'operationName',
  'toString.call',
  'hasOwnProperty.call',
  '__proto__.x',
  'constructor.keys',
  '',
];

export const multipartInputs: HostileInput[] = [
  ...ofKind('multipart', 'DOOR-01', {
    ...Object.fromEntries(
      MAP_PATHS.map((path) => [`map-path ${path || '(empty)'}`, withMap({ 0: [path] })]),
    ),
    'map-many-paths': withMap({
      0: Array.from({ length: 10_000 }, (_, index) => `variables.p${index}`),
    }),
    'map-many-keys': withMap(
      Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [index, ['variables.empty']])),
    ),
    'map-deep-path': withMap({ 0: [`variables${'.a'.repeat(50_000)}`] }),
    'map-of-a-prototype': withMap(
      JSON.parse('{"__proto__":["variables.empty"],"constructor":["variables.empty"]}'),
    ),
    'map-is-a-list': withMap([['variables.empty']]),
    'map-is-a-text': withMap('variables.empty'),
    'map-is-null': withMap(null),
    'map-paths-are-objects': withMap({ 0: [{ split: 1 }, 7, null] }),
    'operations-is-a-list': withOperations([TYPENAME, TYPENAME], { 0: ['1.variables.empty'] }),
    'operations-is-a-text': withOperations('{__typename}', { 0: ['length'] }),
    'operations-is-null': withOperations(null, { 0: ['variables.empty'] }),
    'operations-nested': withRaw(
      `{"query":"{__typename}","variables":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      '{"0":["variables.0"]}',
    ),
    'operations-large': withRaw(
      JSON.stringify({ query: `{__typename}#${'x'.repeat(300_000)}` }),
      '{}',
    ),
  }),
  ...ofKind('multipart', 'DOOR-21', {
    'one-file-two-variables': uploadInto(
      'mutation($a:Upload!,$b:Upload!){a:A b:B}',
      { 0: ['variables.a', 'variables.b'] },
      { a: null, b: null },
    ),
    'one-variable-two-aliases': uploadInto(
      'mutation($a:Upload!){a:A b:A}',
      { 0: ['variables.a'] },
      { a: null },
    ),
    'one-variable-twenty-aliases': uploadInto(
      `mutation($a:Upload!){${aliases(20)}}`,
      { 0: ['variables.a'] },
      { a: null },
    ),
    'one-variable-through-a-fragment': uploadInto(
      'mutation($a:Upload!){...F x:A} fragment F on Mutation{a:A b:A}',
      { 0: ['variables.a'] },
      { a: null },
    ),
    'a-file-that-nobody-reads': uploadInto(
      'query($a:Upload){__typename viewer{id}}',
      { 0: ['variables.a'] },
      { a: null },
    ),
    'a-file-and-a-failing-field': uploadInto(
      'mutation($a:Upload!){a:A d:deleteDocument(id:"x"){id}}',
      { 0: ['variables.a'] },
      { a: null },
    ),
    'a-file-and-no-variable': uploadInto('mutation($a:Upload!){a:A}', {}, { a: null }),
  }),
  ...ofKind('multipart', 'DOOR-01', {
    'a-thousand-fields': raw(
      Array.from({ length: 1_000 }, (_, index) => ({ name: `f${index}`, content: 'x' })),
    ),
    'fields-of-prototypes': raw(
      ['__proto__', 'constructor', 'hasOwnProperty', 'toString'].map((name) => ({
        name,
        content: 'x',
      })),
    ),
    'a-name-of-100-kB': raw([{ name: 'n'.repeat(100_000), content: 'x' }]),
    'a-boundary-that-nearly-comes': raw([
      { name: 'file', filename: 'x.txt', content: '\r\n--hostile-boundar'.repeat(100_000) },
    ]),
    dashes: raw([{ name: 'file', filename: 'x.txt', content: '\r\n-'.repeat(300_000) }]),
    'a-thousand-files': raw(
      Array.from({ length: 1_000 }, (_, index) => ({
        name: `f${index}`,
        filename: 'x.txt',
        content: 'x',
      })),
    ),
  }),
];

function aliases(count: number): string {
  return Array.from({ length: count }, (_, index) => `a${index}:A`).join(' ');
}

function withMap(map: unknown): HostileInput['send'] {
  return withOperations(TYPENAME, map);
}

function withOperations(operations: unknown, map: unknown): HostileInput['send'] {
  return withRaw(JSON.stringify(operations), JSON.stringify(map));
}

function withRaw(operations: string, map: string): HostileInput['send'] {
  return (target) =>
    sendThreeWays(target, [
      part('operations', operations),
      part('map', map),
      { name: '0', filename: 'x.txt', content: 'x' },
    ]);
}

function uploadInto(query: string, map: object, variables: object): HostileInput['send'] {
  const expanded = query.replaceAll(
    /:([AB])\b/g,
    (_, name: string) => `:${UPLOAD.replace('FILE', name.toLowerCase())}`,
  );
  const operations = JSON.stringify({ query: expanded, variables });
  const file = { name: '0', filename: 'twice.txt', content: 'one file for several places' };
  return (target) =>
    sendThreeWays(target, [part('operations', operations), part('map', JSON.stringify(map)), file]);
}

function part(name: string, content: string): MultipartPart {
  return { name, content };
}

/** Sends parts without a token, with a token alone, and as a proper client does. */
async function sendThreeWays(target: Target, parts: readonly MultipartPart[]): Promise<string[]> {
  const body = multipart(parts);
  const anonymous = await send(target, { body, token: null, headers: MULTIPART_BODY });
  const withoutPreflight = await send(target, { body, headers: MULTIPART_BODY });
  return [
    anonymous,
    withoutPreflight,
    await send(target, { body, headers: { ...MULTIPART_BODY, ...PREFLIGHT } }),
  ];
}

function raw(parts: readonly MultipartPart[]): HostileInput['send'] {
  return async (target) => {
    const rest = await send(target, {
      path: '/api/documents/upload',
      body: multipart(parts),
      headers: MULTIPART_BODY,
    });
    return [rest, ...(await sendThreeWays(target, parts))];
  };
}
