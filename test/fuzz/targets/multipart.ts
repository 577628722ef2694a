/**
 * Multipart bodies for both uploads: any parts in any order, any map, damaged bytes and cut
 * connections.
 */
import fc, { type Arbitrary } from 'fast-check';
import { sendHttp } from '../http-client.js';
import { mutate, occasionalMutations, type Mutation } from '../mutation.js';
import { defineTarget, tokenOf } from '../target.js';

const BOUNDARY = 'fuzz-boundary';

interface Part {
  name: string;
  filename: string | null;
  content: string;
  header: string;
}

interface MultipartCase {
  path: string;
  user: number;
  token: 'valid' | 'none' | 'wrong';
  preflight: boolean;
  contentType: string;
  parts: Part[];
  damage: Mutation[];
  cut: number | null;
}

const INHERITED_NAMES = [
  ...new Set(
    [Object.prototype, Array.prototype, String.prototype].flatMap((prototype) =>
      Object.getOwnPropertyNames(prototype),
    ),
  ),
];
const OWN_NAMES = [
  'variables',
  'file',
  'list',
  'object',
  'query',
  'operationName',
  '0',
  '1',
  '',
  ' ',
  '-1',
  '4294967295',
  'a'.repeat(200),
];

const segments = fc.oneof(fc.constantFrom(...OWN_NAMES), fc.constantFrom(...INHERITED_NAMES));
const inheritedPaths = fc.tuple(
  fc.constantFrom('variables', 'variables', 'variables.list', 'variables.object'),
  fc.oneof(
    fc.constantFrom(...Object.getOwnPropertyNames(Object.prototype)),
    fc.constantFrom(...INHERITED_NAMES),
  ),
  fc.constantFrom('', '.call', '.call', '.apply', '.bind', '.x', '.length', '.prototype.x'),
);
const mapPaths = fc.oneof(
  inheritedPaths.map(([from, name, suffix]) => `${from}.${name}${suffix}`),
  fc.array(segments, { maxLength: 6 }).map((path) => path.join('.')),
);
const map = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ 0: ['variables.file'] }) },
  {
    weight: 4,
    arbitrary: fc.dictionary(
      fc.constantFrom('0', '1', 'file', '__proto__', 'constructor'),
      fc.array(mapPaths, { maxLength: 4 }),
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const upload = 'uploadDocument(file:$file){document{id status} duplicateOf}';
const queries = fc.constantFrom(
  `mutation($file:Upload!){${upload}}`,
  `mutation($file:Upload!){a:${upload} b:${upload}}`,
  `mutation($file:Upload!,$object:UploadOptions){uploadDocument(file:$file,options:$object){document{id}}}`,
  '{__typename}',
  'query($file:Upload){viewer{id}}',
  'subscription{documentStatus{seq}}',
  '{',
  '',
);
const variables = fc.oneof(
  fc.constant({ file: null }),
  fc.constant({ file: null, list: [null, null], object: { force: true } }),
  fc.dictionary(fc.constantFrom('file', 'list', 'object', '__proto__'), fc.jsonValue()),
);
const operations = fc.oneof(
  { weight: 6, arbitrary: fc.record({ query: queries, variables }) },
  { weight: 1, arbitrary: fc.array(fc.record({ query: queries, variables }), { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const fileContents = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.constantFrom('', '%PDF-1.7', 'PK\u0003\u0004', '<html><p>x', '{"a":1}', 'a few words of text'),
  fc
    .tuple(fc.constantFrom('<!---->', '1', ' ', '<?xml ', '(', '\r\n--fuzz-bound'), fc.nat(4_000))
    .map(([text, times]) => text.repeat(times)),
);
const filenames = fc.oneof(
  fc.constantFrom('a.txt', 'a.pdf', 'a.docx', '../../x', 'a"b', '', '.', 'x.'.repeat(300)),
  fc.string({ maxLength: 40 }),
);
const headers = fc.constantFrom(
  '',
  '',
  'Content-Type: text/plain',
  'Content-Type: ',
  'Content-Transfer-Encoding: base64',
  ': x',
  'X: ' + 'y'.repeat(5_000),
);

const file: Arbitrary<Part> = fc.record({
  name: fc.constantFrom('0', '1', 'file', 'x', ''),
  filename: filenames,
  content: fileContents,
  header: headers,
});
const usual = fc
  .tuple(
    field(fc.constant('operations'), toJson(operations)),
    field(fc.constant('map'), toJson(map)),
    file,
  )
  .map((parts) => [...parts]);
const any = fc.array(
  fc.oneof(
    field(fc.constant('operations'), toJson(operations)),
    field(fc.constant('map'), toJson(map)),
    field(
      fc.constantFrom(
        'priority',
        'scheduledFor',
        'force',
        '__proto__',
        'constructor',
        'toString',
        'n'.repeat(300),
      ),
      fc.string({ maxLength: 60 }),
    ),
    file,
  ),
  { maxLength: 8 },
);

export const multipartTarget = defineTarget<MultipartCase>({
  name: 'multipart',
  share: 2,
  cases: fc.record({
    path: fc.constantFrom('/graphql', '/graphql', '/api/documents/upload'),
    user: fc.nat(100),
    token: fc.constantFrom('valid', 'valid', 'valid', 'none', 'wrong'),
    preflight: fc.boolean(),
    contentType: fc.constantFrom(...contentTypes()),
    parts: fc.oneof({ weight: 2, arbitrary: usual }, { weight: 1, arbitrary: any }),
    damage: occasionalMutations(['\r\n', '--', BOUNDARY, "filename*=UTF-8''%", ';', '"']),
    cut: fc.option(fc.nat(2_000), { freq: 10 }),
  }),
  send: async (sender, { path, user, token, preflight, contentType, parts, damage, cut }) => {
    const authorization = {
      valid: `Bearer ${tokenOf(sender, user)}`,
      none: undefined,
      wrong: 'Bearer nobody',
    }[token];
    const headers = {
      'content-type': contentType,
      ...(authorization && { authorization }),
      ...(preflight && { 'apollo-require-preflight': '1' }),
    };
    const body = mutate(toBody(parts), damage);
    return [
      await sendHttp(sender.url, {
        method: 'POST',
        path,
        headers,
        body,
        ...(cut !== null && { cutAfterBytes: cut }),
      }),
    ];
  },
});

function toJson(values: Arbitrary<unknown>): Arbitrary<string> {
  return values.map((value) => JSON.stringify(value) ?? 'undefined');
}

function field(name: Arbitrary<string>, content: Arbitrary<string>): Arbitrary<Part> {
  return fc.record({ name, filename: fc.constant(null), content, header: headers });
}

function contentTypes(): string[] {
  const usualType = `multipart/form-data; boundary=${BOUNDARY}`;
  const odd = [
    'multipart/form-data',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary="a',
    `multipart/mixed; boundary=${BOUNDARY}`,
  ];
  return [...Array.from({ length: 12 }, () => usualType), ...odd, `${usualType}; charset=utf-7`];
}

function toBody(parts: readonly Part[]): Buffer {
  const sections = parts.map(({ name, filename, content, header }) => {
    const disposition = `form-data; name="${name}"${filename === null ? '' : `; filename="${filename}"`}`;
    return `--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\n${header === '' ? '' : `${header}\r\n`}\r\n${content}\r\n`;
  });
  return Buffer.from(`${sections.join('')}--${BOUNDARY}--\r\n`);
}
