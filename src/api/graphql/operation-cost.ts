/**
 * What one operation costs before it runs: the number of objects that its response may hold. Lists
 * count as often as their `first` says, within each other they multiply, and fragments and aliases
 * count where they are used. Work that returns no objects has a price in objects.
 */
import {
  getNamedType,
  getOperationAST,
  getVariableValues,
  GraphQLError,
  isCompositeType,
  isIntrospectionType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { getComplexity, type ComplexityEstimator } from 'graphql-query-complexity';
import { MAX_COST, MAX_FIELDS } from './limits.js';

/**
 * Embeds the query and looks at every passage of its user: three fit into a request beside their
 * hits.
 */
const SEARCH_COST = 5_001;
/** Counts all documents of a user. */
const COUNT_COST = 100;
const COUNTED = new Set(['Query.limits', 'Query.documentCounts', 'Query.documents']);
/** Scalars are small and many. */
const SCALAR_COST = 0.05;
/** The most that any field allows: the field itself refuses more. */
const MAX_FIRST = 500;

export interface Operation {
  query: DocumentNode;
  variables: Readonly<Record<string, unknown>> | undefined;
  operationName: string | undefined;
}

/**
 * Throws a GraphQLError with GRAPHQL_VALIDATION_FAILED and the limit, or BAD_USER_INPUT. The
 * document must be valid.
 */
export function createCostCheck(schema: GraphQLSchema): (operation: Operation) => void {
  const estimators = [createEstimator(schema)];
  return ({ query, variables = {}, operationName }) => {
    const operation = getOperationAST(query, operationName);
    // Execution refuses a name that fits no operation, and variables that fit no type, before
    // anything runs.
    if (!operation || !fitsVariables(schema, operation, variables)) return;
    assertUploadAlone(query, operation);
    const cost = getComplexity({
      schema,
      query: alone(query, operation),
      variables: { ...variables },
      estimators,
      maxQueryNodes: 2 * MAX_FIELDS,
    });
    if (cost > MAX_COST) throw tooCostly(cost);
  };
}

function fitsVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: object,
): boolean {
  return (
    getVariableValues(schema, variableDefinitions, { ...variables }, { maxErrors: 1 }).errors ===
    undefined
  );
}

/** The library looks at every operation of a document and stumbles over one without a name. */
function alone(query: DocumentNode, operation: OperationDefinitionNode): DocumentNode {
  return {
    ...query,
    definitions: query.definitions.filter(
      (each) => each === operation || each.kind === Kind.FRAGMENT_DEFINITION,
    ),
  };
}

function createEstimator(schema: GraphQLSchema): ComplexityEstimator {
  const introspected = introspectedLengths(schema);
  return ({ type, field, args, childComplexity }) => {
    const named = getNamedType(field.type);
    const own = isCompositeType(named) ? 1 : SCALAR_COST;
    if (isIntrospectionType(type))
      return (introspected.get(`${type.name}.${field.name}`) ?? 1) * (own + childComplexity);
    const place = `${type.name}.${field.name}`;
    const price =
      (place === 'Query.search' ? SEARCH_COST : 0) + (COUNTED.has(place) ? COUNT_COST : 0);
    return price + timesListed(args['first']) * (own + childComplexity);
  };
}

function timesListed(first: unknown): number {
  return typeof first === 'number' ? Math.min(Math.max(first, 1), MAX_FIRST) : 1;
}

/** How long the lists of an introspection are on average in this schema. */
function introspectedLengths(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const fields = types.flatMap((type) =>
    'getFields' in type ? [Object.keys(type.getFields()).length] : [],
  );
  const values = types.flatMap((type) => ('getValues' in type ? [type.getValues().length] : []));
  return new Map([
    ['__Schema.types', types.length],
    ['__Schema.directives', schema.getDirectives().length],
    // Objects and inputs have fields, enums have values: each list is empty for the other types.
    ['__Type.fields', sum(fields) / types.length],
    ['__Type.inputFields', 1],
    ['__Type.enumValues', sum(values) / types.length],
    ['__Type.interfaces', 1],
    ['__Type.possibleTypes', 1],
    ['__Field.args', 1],
    ['__Directive.args', 2],
  ]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function tooCostly(cost: number): GraphQLError {
  const message = `The operation may return ${Math.ceil(cost)} objects or their equivalent; at most ${MAX_COST} are allowed. Ask for shorter lists or fewer searches.`;
  return new GraphQLError(message, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', limit: MAX_COST, http: { status: 400 } },
  });
}

const UPLOAD = 'uploadDocument';

/**
 * An upload is the only field of its mutation: one file has one reader, and a field beside it that
 * fails would turn the whole response into null, although the document was accepted.
 */
function assertUploadAlone(query: DocumentNode, operation: OperationDefinitionNode): void {
  const fields = rootFields(query, operation.selectionSet).map(({ name }) => name.value);
  if (!fields.includes(UPLOAD) || fields.filter((name) => name !== '__typename').length === 1)
    return;
  const message = `One file a request: ${UPLOAD} must be the only field of its mutation.`;
  throw new GraphQLError(message, {
    extensions: { code: 'BAD_USER_INPUT', field: 'file', http: { status: 400 } },
  });
}

/** Bounded: the document's shape was checked, and fragments in a circle are not valid. */
function rootFields(
  query: DocumentNode,
  { selections }: OperationDefinitionNode['selectionSet'],
): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFields(query, selection.selectionSet);
    const fragment = query.definitions.find(
      (each) => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION
      ? rootFields(query, fragment.selectionSet)
      : [];
  });
}
