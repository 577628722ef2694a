/**
 * Limits on the shape of a parsed document. They are checked before validation, because some
 * validation rules compare every pair of fields. The check stops at the first limit, and its own
 * time is bounded: each fragment is measured once, and only what has at most MAX_FIELDS fields is
 * expanded.
 */
import {
  GraphQLError,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import {
  MAX_ALIASES,
  MAX_DIRECTIVES,
  MAX_DIRECTIVES_PER_NODE,
  MAX_FIELDS,
  MAX_FIELDS_OF_ONE_NAME,
  MAX_FRAGMENTS,
  MAX_INTROSPECTIONS,
  MAX_OPERATIONS,
  MAX_VARIABLES,
} from './limits.js';

/** Counts of a selection set as executed, fragments expanded. */
interface Shape {
  fields: number;
  aliases: number;
  introspections: number;
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** Fields that the check may visit. The documents of the page have a few hundred. */
const MAX_VISITED = 10 * MAX_FIELDS;
const INTROSPECTION = new Set(['__schema', '__type']);

/**
 * Throws a GraphQLError with the code GRAPHQL_VALIDATION_FAILED and the limit. Fragments in a
 * circle count once: validation rejects them.
 */
export function assertShape(document: DocumentNode): void {
  assertDefinitions(document);
  const fragments: Fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
  const measure = createMeasure(fragments);
  const assertNames = createNameCheck(fragments);
  for (const definition of document.definitions) {
    if (!('selectionSet' in definition)) continue;
    // Validation covers unused fragments as well.
    measure(definition.selectionSet);
    assertNames([definition.selectionSet]);
  }
}

function assertDefinitions({ definitions }: DocumentNode): void {
  let operations = 0;
  let fragments = 0;
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments += 1;
    else operations += 1;
    const variables =
      'variableDefinitions' in definition ? (definition.variableDefinitions?.length ?? 0) : 0;
    assertAtMost(variables, MAX_VARIABLES, 'variables in an operation');
  }
  assertAtMost(operations, MAX_OPERATIONS, 'operations in a document');
  assertAtMost(fragments, MAX_FRAGMENTS, 'fragments in a document');
  assertDirectives(definitions);
}

/** Counts directives on operations, variables, fragments, spreads and fields. */
function assertDirectives(nodes: readonly object[]): void {
  let total = 0;
  const pending: object[] = [...nodes];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const { directives, selectionSet, variableDefinitions } =
      node as Partial<FragmentDefinitionNode>;
    const onNode = directives?.length ?? 0;
    assertAtMost(onNode, MAX_DIRECTIVES_PER_NODE, 'directives on one node');
    total += onNode;
    pending.push(...(selectionSet?.selections ?? []), ...(variableDefinitions ?? []));
  }
  assertAtMost(total, MAX_DIRECTIVES, 'directives in a document');
}

function assertExecuted({ fields, aliases, introspections }: Shape): void {
  assertAtMost(fields, MAX_FIELDS, 'fields in an operation, fragments expanded');
  assertAtMost(aliases, MAX_ALIASES, 'aliases in an operation, fragments expanded');
  assertAtMost(introspections, MAX_INTROSPECTIONS, '__schema or __type fields in an operation');
}

function createMeasure(fragments: Fragments): (selections: SelectionSetNode) => Shape {
  const measured = new Map<string, Shape>();

  function measureFragment(name: string): Shape {
    const known = measured.get(name);
    if (known) return known;
    measured.set(name, NOTHING);
    const fragment = fragments.get(name);
    const shape = fragment ? measure(fragment.selectionSet) : NOTHING;
    measured.set(name, shape);
    return shape;
  }

  function measure({ selections }: SelectionSetNode): Shape {
    const total = { ...NOTHING };
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) addField(total, selection);
      // Counted as a field, so that spreads of empty fragments are limited as well.
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        add(total, SPREAD, measureFragment(selection.name.value));
      if ('selectionSet' in selection && selection.selectionSet)
        add(total, measure(selection.selectionSet));
      assertExecuted(total);
    }
    return total;
  }

  return measure;
}

const NOTHING: Readonly<Shape> = { fields: 0, aliases: 0, introspections: 0 };
const SPREAD: Readonly<Shape> = { fields: 1, aliases: 0, introspections: 0 };

function addField(total: Shape, { name, alias }: FieldNode): void {
  total.fields += 1;
  total.aliases += alias ? 1 : 0;
  total.introspections += INTROSPECTION.has(name.value) ? 1 : 0;
}

function add(total: Shape, ...shapes: readonly Shape[]): void {
  for (const { fields, aliases, introspections } of shapes) {
    total.fields += fields;
    total.aliases += aliases;
    total.introspections += introspections;
  }
}

/**
 * Returns a check of the fields with one response name, after execution has merged selection sets.
 * Circles of fragments measure little but expand to much, so the visited fields have their own
 * limit.
 */
function createNameCheck(
  fragments: Fragments,
): (selectionSets: readonly SelectionSetNode[]) => void {
  let visited = 0;

  function* fieldsOf(
    { selections }: SelectionSetNode,
    active: ReadonlySet<string>,
  ): Generator<FieldNode> {
    for (const selection of selections) {
      visited += 1;
      assertAtMost(visited, MAX_VISITED, 'fields in a document, fragments expanded');
      if (selection.kind === Kind.FIELD) yield selection;
      else if (selection.kind === Kind.INLINE_FRAGMENT)
        yield* fieldsOf(selection.selectionSet, active);
      else yield* fragmentFields(selection.name.value, active);
    }
  }

  function* fragmentFields(name: string, active: ReadonlySet<string>): Generator<FieldNode> {
    const fragment = fragments.get(name);
    if (fragment && !active.has(name))
      yield* fieldsOf(fragment.selectionSet, new Set([...active, name]));
  }

  function assertNames(selectionSets: readonly SelectionSetNode[]): void {
    const byName = new Map<string, { count: number; selectionSets: SelectionSetNode[] }>();
    for (const set of selectionSets) {
      for (const { alias, name, selectionSet } of fieldsOf(set, new Set())) {
        const merged = byName.get((alias ?? name).value) ?? { count: 0, selectionSets: [] };
        merged.count += 1;
        if (selectionSet) merged.selectionSets.push(selectionSet);
        assertAtMost(merged.count, MAX_FIELDS_OF_ONE_NAME, 'fields of one name in one selection');
        byName.set((alias ?? name).value, merged);
      }
    }
    for (const merged of byName.values())
      if (merged.selectionSets.length > 0) assertNames(merged.selectionSets);
  }

  return assertNames;
}

function assertAtMost(count: number, limit: number, what: string): void {
  if (count <= limit) return;
  throw new GraphQLError(`The document exceeds the limit of ${limit} ${what}.`, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', limit, http: { status: 400 } },
  });
}
