/**
 * Writes a GraphQL document that mostly conforms to a schema: operations, fragments, aliases,
 * directives, arguments and variables.
 */
import {
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { readTape, type Tape } from './tape.js';

export interface WrittenDocument {
  query: string;
  variables: Record<string, unknown>;
}

interface Writing {
  schema: GraphQLSchema;
  tape: Tape;
  /** The variables that the present operation declares: `$v0: Int!`. */
  declarations: string[];
  variables: Record<string, unknown>;
}

const MAX_FIELDS = 6;
const MAX_REPEATS = 40;
const MAX_FRAGMENTS = 5;
const MAX_DEPTH = 14;
const NONSENSE = [
  'nosuch',
  '__typename',
  'id',
  'a'.repeat(500),
  'constructor',
  '__proto__',
  'toString',
] as const;
const DIRECTIVES = [
  '@include(if: true)',
  '@skip(if: false)',
  '@deprecated',
  '@nosuch',
  '@include',
  '@defer',
] as const;

export function writeDocument(schema: GraphQLSchema, numbers: readonly number[]): WrittenDocument {
  const tape = readTape(numbers);
  const writing: Writing = { schema, tape, declarations: [], variables: {} };
  const operations = repeat(tape.once(10) ? tape.below(12) : 1, (index) =>
    operation(writing, index),
  );
  const fragments = repeat(tape.below(MAX_FRAGMENTS), (index) => fragment(writing, index));
  return { query: [...operations, ...fragments].join('\n'), variables: writing.variables };
}

function operation(writing: Writing, index: number): string {
  const { schema, tape } = writing;
  const root = tape.pick([
    schema.getQueryType(),
    schema.getQueryType(),
    schema.getMutationType(),
    schema.getSubscriptionType(),
  ]);
  const kind = kindOf(schema, root);
  writing.declarations = [];
  const selections = selectionSet(writing, root ?? undefined, 1);
  const { declarations } = writing;
  const variables = declarations.length === 0 ? '' : `(${declarations.join(', ')})`;
  return `${kind} ${index === 0 && tape.once(3) ? '' : `Q${index}`}${variables}${directives(tape)} ${selections}`;
}

function kindOf(schema: GraphQLSchema, root: GraphQLNamedType | null | undefined): string {
  if (root === schema.getMutationType()) return 'mutation';
  return root === schema.getSubscriptionType() ? 'subscription' : 'query';
}

function fragment(writing: Writing, index: number): string {
  const on = writing.tape.pick([
    'Query',
    'Document',
    'DocumentConnection',
    'DocumentStatusEvent',
    'SearchHit',
    'NoSuch',
  ]);
  return `fragment F${index} on ${on} ${selectionSet(writing, writing.schema.getType(on), 1)}`;
}

function selectionSet(writing: Writing, type: GraphQLNamedType | undefined, depth: number): string {
  const count = 1 + writing.tape.below(MAX_FIELDS);
  return `{ ${repeat(count, () => selection(writing, type, depth)).join(' ')} }`;
}

function selection(writing: Writing, type: GraphQLNamedType | undefined, depth: number): string {
  const { tape } = writing;
  if (tape.once(12)) return `...F${tape.below(MAX_FRAGMENTS)}${directives(tape)}`;
  if (tape.once(20))
    return `... on ${type?.name ?? 'Query'} ${depth < MAX_DEPTH ? selectionSet(writing, type, depth + 1) : '{ __typename }'}`;
  const written = field(writing, type, depth);
  return tape.once(30) ? repeat(tape.below(MAX_REPEATS), () => written).join(' ') : written;
}

function field(writing: Writing, type: GraphQLNamedType | undefined, depth: number): string {
  const { tape } = writing;
  const fields = isObjectType(type) ? Object.values(type.getFields()) : [];
  const chosen = fields[tape.below(fields.length)];
  if (chosen === undefined || tape.once(25)) return tape.pick(NONSENSE);
  const alias = tape.once(6) ? `${tape.pick(['a', 'b', 'id', '__x'])}${tape.below(9)}: ` : '';
  const written = chosen.args.map(({ name, type: argument }) =>
    isNonNullType(argument) || tape.once(2) ? `${name}: ${value(writing, argument)}` : '',
  );
  const argumentList = written.filter((argument) => argument !== '').join(', ');
  const fieldType = getNamedType(chosen.type);
  const selections = isCompositeType(fieldType)
    ? depth < MAX_DEPTH
      ? selectionSet(writing, fieldType, depth + 1)
      : '{ __typename }'
    : '';
  return `${alias}${chosen.name}${argumentList === '' ? '' : `(${argumentList})`}${directives(tape)} ${selections}`;
}

function directives(tape: Tape): string {
  return tape.once(15)
    ? ` ${repeat(1 + tape.below(tape.once(5) ? 60 : 2), () => tape.pick(DIRECTIVES)).join(' ')}`
    : '';
}

function value(writing: Writing, type: GraphQLInputType): string {
  const { tape } = writing;
  if (tape.once(4)) return variable(writing, type);
  if (tape.once(12))
    return tape.pick([
      'null',
      '[]',
      '{}',
      '-1',
      '""',
      '[[[[]]]]',
      '1e400',
      '{a: {b: {c: 1}}}',
      'NO_SUCH',
      '$nosuch',
      '"\\u0000"',
    ]);
  return literal(writing, type);
}

/** Declares a variable with a new name and a value that mostly conforms to the type. */
function variable(writing: Writing, type: GraphQLInputType): string {
  const name = `v${writing.declarations.length}`;
  writing.declarations.push(`$${name}: ${String(type)}`);
  writing.variables[name] = writing.tape.once(4)
    ? writing.tape.pick<unknown>([null, [], {}, -1, 'x'.repeat(3_000), [[[]]], '\ud800'])
    : plainValue(writing, type);
  return `$${name}`;
}

function literal(writing: Writing, type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(writing, type.ofType);
  if (isListType(type))
    return `[${repeat(writing.tape.below(4), () => literal(writing, type.ofType)).join(', ')}]`;
  if (isEnumType(type)) return String(plainValue(writing, type));
  if (!isInputObjectType(type)) return JSON.stringify(plainValue(writing, type));
  const fields = Object.values(type.getFields()).filter(
    ({ type: fieldType }) => isNonNullType(fieldType) || writing.tape.once(2),
  );
  return `{${fields.map(({ name, type: fieldType }) => `${name}: ${value(writing, fieldType)}`).join(', ')}}`;
}

function plainValue({ tape }: Writing, type: GraphQLInputType): unknown {
  const named = getNamedType(type);
  if (isEnumType(named)) return named.getValues()[tape.below(named.getValues().length)]?.name;
  switch (named.name) {
    case 'Int':
      return tape.pick([1, 100, 0, -1, 500, 2_147_483_647, 101]);
    case 'Boolean':
      return tape.once(2);
    case 'DateTime':
      return tape.pick([
        '2026-01-01T00:00:00Z',
        '',
        '9999-12-31T23:59:59Z',
        '0000-00-00',
        '+275760-09-13T00:00:00.001Z',
        'x',
      ]);
    case 'ID':
      return tape.pick(['3fa85f64-5717-4562-b3fc-2c963f66afa6', 'x', '', '\0', '__proto__']);
    default:
      return tape.pick([
        'harbour',
        '',
        '%_\\',
        '"a" or -b',
        '('.repeat(300),
        'b '.repeat(400),
        '\0',
        '\ud800',
        'bGlzdA==',
      ]);
  }
}

function repeat<T>(times: number, write: (index: number) => T): T[] {
  return Array.from({ length: times }, (_, index) => write(index));
}
