import { readFileSync } from 'node:fs';
import {
  buildSchema,
  graphql,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedScalarType,
  printSchema,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import type { Viewer } from '../../src/documents/ports.js';
import { createSchema } from '../../src/api/graphql/schema.js';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const schema = await createSchema();

interface Member {
  /** Such as `Query.documents(first)`. */
  name: string;
  /** Type and default value; empty for an enum value. */
  type: string;
  description: string | null | undefined;
}

/** Returns every type, field, argument, input field and enum value of a schema. */
function membersOfSchema(of: GraphQLSchema): Member[] {
  const own = Object.values(of.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type),
  );
  return own.flatMap((type) => [
    { name: type.name, type: kindOf(type), description: type.description },
    ...membersOf(type),
  ]);
}

const kindOf = (type: GraphQLNamedType): string => type.constructor.name;

function membersOf(type: GraphQLNamedType): Member[] {
  if (isEnumType(type)) {
    return type.getValues().map((value) => ({
      name: `${type.name}.${value.name}`,
      type: '',
      description: value.description,
    }));
  }
  if (isInputObjectType(type))
    return Object.values(type.getFields()).map((field) =>
      toMember(`${type.name}.${field.name}`, field),
    );
  if (!isObjectType(type)) return [];
  return Object.values(type.getFields()).flatMap((field) => {
    const name = `${type.name}.${field.name}`;
    return [
      toMember(name, field),
      ...field.args.map((argument) => toMember(`${name}(${argument.name})`, argument)),
    ];
  });
}

function toMember(
  name: string,
  member: { type: unknown; defaultValue?: unknown; description?: string | null | undefined },
): Member {
  const value =
    member.defaultValue === undefined ? '' : ` = ${JSON.stringify(member.defaultValue)}`;
  return { name, type: `${String(member.type)}${value}`, description: member.description };
}

describe('the schema', () => {
  it('equals schema.graphql', () => {
    expect(`${printSchema(schema)}\n`).toBe(read('../../schema.graphql'));
  });

  it('describes every type, field, argument, input field and enum value', () => {
    const parts = membersOfSchema(schema);
    expect(parts.length).toBeGreaterThan(100);
    const silent = parts.filter(({ description }) => !description?.trim()).map(({ name }) => name);
    // The library makes the root types itself and takes no words for them; their fields have
    // theirs.
    expect(silent).toEqual(['Query', 'Mutation', 'Subscription']);
  });
});

describe('the contract with clients', () => {
  const parts = new Map(membersOfSchema(schema).map(({ name, type }) => [name, type]));

  it.each(membersOfSchema(buildSchema(read('./contract.graphql'))))(
    'keeps $name with its type and its default',
    ({ name, type }) => {
      expect({ name, type: parts.get(name) }).toEqual({ name, type });
    },
  );

  it('requires no argument that the contract does not have', () => {
    const contract = new Set(
      membersOfSchema(buildSchema(read('./contract.graphql'))).map(({ name }) => name),
    );
    const required = [...parts].filter(
      ([name, type]) => name.includes('(') && type.endsWith('!') && !contract.has(name),
    );
    expect(required).toEqual([]);
  });
});

describe('the guard of root fields', () => {
  const execute = (source: string, viewer: Viewer | null) =>
    graphql({
      schema,
      source,
      contextValue: { viewer, rejection: null, signal: new AbortController().signal },
    });

  it('rejects every query without a viewer with UNAUTHENTICATED', async () => {
    const { errors } = await execute('{ viewer { id } }', null);
    expect(errors?.[0]?.originalError).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('resolves a query of a viewer', async () => {
    const viewer = { id: 'ada', email: null, isAdmin: false, expiresAt: null };
    expect(await execute('{ viewer { id } }', viewer)).toEqual({ data: { viewer: { id: 'ada' } } });
  });

  it('rejects an argument over its limit with BAD_USER_INPUT', async () => {
    const viewer = { id: 'ada', email: null, isAdmin: false, expiresAt: null };
    const { errors } = await execute(`{ document(id: "${'x'.repeat(201)}") { id } }`, viewer);
    expect(errors?.[0]?.originalError).toMatchObject({
      code: 'BAD_USER_INPUT',
      details: { field: 'id' },
    });
  });
});
