/**
 * The cost of an operation, computed before it runs: the number of objects that its response may
 * contain. A list counts `first` times, nested lists multiply, and fragments and aliases count
 * where they are used. Work that returns no objects has a price in objects.
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
 * A search embeds the query and reads every passage of its user. With this price, three searches
 * and their hits fit into a request.
 */
const SEARCH_COST = 5_001;
/** Each of these fields counts all documents of a user. */
const COUNT_COST = 100;
const COUNTING_FIELDS = new Set(['Query.limits', 'Query.documentCounts', 'Query.documents']);
/** Scalars are small and many. */
const SCALAR_COST = 0.05;
/** The highest `first` of any field. A field itself rejects more. */
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
    // Execution rejects an unknown name, and variables of a wrong type, before any resolver runs.
    if (!operation || !hasValidVariables(schema, operation, variables)) return;
    assertUploadAlone(query, operation);
    const cost = getComplexity({
      schema,
      query: isolate(query, operation),
      variables: { ...variables },
      estimators,
      maxQueryNodes: 2 * MAX_FIELDS,
    });
    if (cost > MAX_COST) throw tooCostly(cost);
  };
}

function hasValidVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: object,
): boolean {
  return (
    getVariableValues(schema, variableDefinitions, { ...variables }, { maxErrors: 1 }).errors ===
    undefined
  );
}

/**
 * Removes the other operations: graphql-query-complexity 2.0 visits them, and fails without a name.
 */
function isolate(query: DocumentNode, operation: OperationDefinitionNode): DocumentNode {
  return {
    ...query,
    definitions: query.definitions.filter(
      (definition) => definition === operation || definition.kind === Kind.FRAGMENT_DEFINITION,
    ),
  };
}

function createEstimator(schema: GraphQLSchema): ComplexityEstimator {
  const introspectionLengths = averageIntrospectionLengths(schema);
  return ({ type, field, args, childComplexity }) => {
    const named = getNamedType(field.type);
    const own = isCompositeType(named) ? 1 : SCALAR_COST;
    if (isIntrospectionType(type))
      return (
        (introspectionLengths.get(`${type.name}.${field.name}`) ?? 1) * (own + childComplexity)
      );
    const coordinate = `${type.name}.${field.name}`;
    const price =
      (coordinate === 'Query.search' ? SEARCH_COST : 0) +
      (COUNTING_FIELDS.has(coordinate) ? COUNT_COST : 0);
    return price + countItems(args['first']) * (own + childComplexity);
  };
}

function countItems(first: unknown): number {
  return typeof first === 'number' ? Math.min(Math.max(first, 1), MAX_FIRST) : 1;
}

/** Returns the average length of each introspection list in this schema. */
function averageIntrospectionLengths(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const fields = types.flatMap((type) =>
    'getFields' in type ? [Object.keys(type.getFields()).length] : [],
  );
  const values = types.flatMap((type) => ('getValues' in type ? [type.getValues().length] : []));
  return new Map([
    ['__Schema.types', types.length],
    ['__Schema.directives', schema.getDirectives().length],
    // Objects and inputs have fields, enums have values; the lists of other types are empty.
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
  const message =
    `The operation costs ${Math.ceil(cost)} objects and exceeds the limit of ${MAX_COST}; ` +
    'request shorter lists or fewer searches.';
  return new GraphQLError(message, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', limit: MAX_COST, http: { status: 400 } },
  });
}

const UPLOAD = 'uploadDocument';

/**
 * Throws unless an upload is the only field of its mutation. If another field failed, the whole
 * response would be null although the document was accepted.
 */
function assertUploadAlone(query: DocumentNode, operation: OperationDefinitionNode): void {
  const fields = rootFields(query, operation.selectionSet).map(({ name }) => name.value);
  if (!fields.includes(UPLOAD) || fields.filter((name) => name !== '__typename').length === 1)
    return;
  const message = `${UPLOAD} must be the only field of its mutation; send one request per file.`;
  throw new GraphQLError(message, {
    extensions: { code: 'BAD_USER_INPUT', field: 'file', http: { status: 400 } },
  });
}

/** The recursion is bounded: the shape was checked, and fragments in a circle are not valid. */
function rootFields(
  query: DocumentNode,
  { selections }: OperationDefinitionNode['selectionSet'],
): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootFields(query, selection.selectionSet);
    const fragment = query.definitions.find(
      (definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION &&
        definition.name.value === selection.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION
      ? rootFields(query, fragment.selectionSet)
      : [];
  });
}
