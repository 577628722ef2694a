import fc from 'fast-check';
import { createMultipartFields } from '../../src/api/graphql/multipart-fields.js';

const PROTOTYPES = [
  Object,
  Function,
  Array,
  String,
  Number,
  Boolean,
  Promise,
  Map,
  Set,
  RegExp,
  Date,
  Error,
].map(({ prototype }) => prototype as object);
const INHERITED = [
  ...new Set(PROTOTYPES.flatMap((prototype) => Reflect.ownKeys(prototype))),
].filter((key) => typeof key === 'string');

const operations = {
  query: 'mutation',
  operationName: null,
  variables: { file: null, text: 'x', list: [null, { file: null }], deep: { file: null } },
};
const NULLS = [
  'variables.file',
  'variables.list.0',
  'variables.list.1.file',
  'variables.deep.file',
];

function receive(map: unknown, sent: unknown = operations): void {
  const fields = createMultipartFields();
  fields.receive('operations', JSON.stringify(sent));
  fields.receive('map', JSON.stringify(map));
}

function descriptors(): unknown[] {
  return PROTOTYPES.flatMap((prototype) =>
    Object.entries(Object.getOwnPropertyDescriptors(prototype)).map(([key, { value }]) => [
      key,
      value as unknown,
    ]),
  );
}

it.each(NULLS)('accepts a map that leads to the null at %s', (path) => {
  expect(() => receive({ 0: [path] })).not.toThrow();
});

it('rejects every other path, and changes no built-in prototype', () => {
  const before = descriptors();
  const step = fc.oneof(
    fc.constantFrom(
      ...INHERITED,
      'variables',
      'file',
      'list',
      'deep',
      'text',
      'query',
      '0',
      '1',
      '-1',
      '',
    ),
    fc.string(),
  );
  const path = fc.array(step, { maxLength: 5 }).map((steps) => ['variables', ...steps].join('.'));
  fc.assert(
    fc.property(fc.oneof(path, fc.string()), (any) => {
      fc.pre(!NULLS.includes(any));
      expect(() => receive({ 0: [any] })).toThrow(
        expect.objectContaining({ code: 'BAD_USER_INPUT' }) as Error,
      );
    }),
  );
  expect(descriptors()).toEqual(before);
});

it('rejects a map unless it leads one file to one path', () => {
  for (const map of [
    [],
    null,
    1,
    'x',
    { 0: 'variables.file' },
    { 0: [1] },
    { 0: [null] },
    { 0: NULLS },
    { 0: [NULLS[0]], 1: [NULLS[1]] },
  ]) {
    expect(() => receive(map)).toThrow(
      expect.objectContaining({ code: 'BAD_USER_INPUT' }) as Error,
    );
  }
});

it('rejects operations that are not an object or are sent twice, and a map before operations', () => {
  for (const sent of [null, [], 1, 'x'])
    expect(() => receive({ 0: [] }, sent)).toThrow('operations must be a JSON object');
  expect(() => createMultipartFields().receive('map', '{}')).toThrow('map must follow operations');
  const fields = createMultipartFields();
  fields.receive('operations', '{}');
  expect(() => fields.receive('operations', '{}')).toThrow('sent once');
});
