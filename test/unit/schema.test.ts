import { readFileSync } from 'node:fs';
import {
  buildSchema,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  printSchema,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { createSchema } from '../../src/api/graphql/schema.js';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const schema = await createSchema();

interface Part {
  /** Such as `Query.documents(first)`. */
  name: string;
  /** Type and default value; empty for what has none. */
  type: string;
  description: string | null | undefined;
}

/**
 * Every type, field, argument, input field and enum value of a schema, by the objects that GraphQL
 * itself makes of it.
 */
function partsOf(of: GraphQLSchema): Part[] {
  const own = Object.values(of.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
  return own.flatMap((type) => [
    { name: type.name, type: kindOf(type), description: type.description },
    ...membersOf(type),
  ]);
}

const kindOf = (type: GraphQLNamedType): string => type.constructor.name;

function membersOf(type: GraphQLNamedType): Part[] {
  if (isEnumType(type)) {
    return type.getValues().map((value) => ({
      name: `${type.name}.${value.name}`,
      type: '',
      description: value.description,
    }));
  }
  if (isInputObjectType(type))
    return Object.values(type.getFields()).map((field) =>
      toPart(`${type.name}.${field.name}`, field),
    );
  if (!isObjectType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => {
    const name = `${type.name}.${field.name}`;
    return [
      toPart(name, field),
      ...field.args.map((argument) => toPart(`${name}(${argument.name})`, argument)),
    ];
  });
}

function toPart(
  name: string,
  member: { type: unknown; defaultValue?: unknown; description?: string | null | undefined },
): Part {
  const value =
    member.defaultValue === undefined ? '' : ` = ${JSON.stringify(member.defaultValue)}`;
  return { name, type: `${String(member.type)}${value}`, description: member.description };
}

describe('the schema', () => {
  it('is the one in schema.graphql', () => {
    expect(`${printSchema(schema)}\n`).toBe(read('../../schema.graphql'));
  });

  it('says of every type, field, argument, input field and enum value what it is', () => {
    const parts = partsOf(schema);
    expect(parts.length).toBeGreaterThan(100);
    const silent = parts.filter(({ description }) => !description?.trim()).map(({ name }) => name);
    // The library makes the root types itself and takes no words for them; their fields have
    // theirs.
    expect(silent).toEqual(['Query', 'Mutation', 'Subscription']);
  });
});

describe('what clients rely on', () => {
  const parts = new Map(partsOf(schema).map(({ name, type }) => [name, type]));

  it.each(partsOf(buildSchema(read('./contract.graphql'))))(
    '$name is there, of its type and with its default',
    ({ name, type }) => {
      expect({ name, type: parts.get(name) }).toEqual({ name, type });
    },
  );

  it('can be asked for without arguments that the contract does not have', () => {
    const contract = new Set(
      partsOf(buildSchema(read('./contract.graphql'))).map(({ name }) => name),
    );
    const required = [...parts].filter(
      ([name, type]) => name.includes('(') && type.endsWith('!') && !contract.has(name),
    );
    expect(required).toEqual([]);
  });
});
