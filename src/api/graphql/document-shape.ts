/**
 * The first look at a parsed document. It counts what the rules of validation would compare pair by
 * pair, so it runs before them and stops at the first limit. Its own time is bounded: a fragment is
 * measured once, however often it is used, and only what measures at most MAX_FIELDS is expanded.
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
  MAX_DIRECTIVES_IN_ONE_PLACE,
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

/**
 * Ten operations and fifty fragments of a document may each expand; a page's own have a few hundred
 * fields.
 */
const MAX_LOOKED_AT = 10 * MAX_FIELDS;
const INTROSPECTION = new Set(['__schema', '__type']);

/**
 * Throws a GraphQLError with the code GRAPHQL_VALIDATION_FAILED and the limit. Fragments in a
 * circle count once: validation refuses them.
 */
export function assertShape(document: DocumentNode): void {
  assertDefinitions(document);
  const fragments: Fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each]] : [],
    ),
  );
  const measure = createMeasure(fragments);
  const assertNames = createNameCheck(fragments);
  for (const definition of document.definitions) {
    if (!('selectionSet' in definition)) continue;
    // Fragments that no operation uses are validated as well.
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

/** Wherever they stand: on operations, variables, fragments, spreads and fields. */
function assertDirectives(nodes: readonly object[]): void {
  let all = 0;
  const open: object[] = [...nodes];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { directives, selectionSet, variableDefinitions } =
      node as Partial<FragmentDefinitionNode>;
    const here = directives?.length ?? 0;
    assertAtMost(here, MAX_DIRECTIVES_IN_ONE_PLACE, 'directives in one place');
    all += here;
    open.push(...(selectionSet?.selections ?? []), ...(variableDefinitions ?? []));
  }
  assertAtMost(all, MAX_DIRECTIVES, 'directives in a document');
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
      // Counted as a field, so that spreads of fragments without fields are counted too.
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
 * Fields of one name where execution merges selection sets into one. Circles of fragments, which
 * measure little, expand to much: what is looked at has a bound of its own.
 */
function createNameCheck(fragments: Fragments): (places: readonly SelectionSetNode[]) => void {
  let looked = 0;

  function* fieldsOf(
    { selections }: SelectionSetNode,
    active: ReadonlySet<string>,
  ): Generator<FieldNode> {
    for (const selection of selections) {
      assertAtMost((looked += 1), MAX_LOOKED_AT, 'fields in a document, fragments expanded');
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

  function assertNames(places: readonly SelectionSetNode[]): void {
    const below = new Map<string, { count: number; places: SelectionSetNode[] }>();
    for (const place of places) {
      for (const { alias, name, selectionSet } of fieldsOf(place, new Set())) {
        const merged = below.get((alias ?? name).value) ?? { count: 0, places: [] };
        merged.count += 1;
        if (selectionSet) merged.places.push(selectionSet);
        assertAtMost(merged.count, MAX_FIELDS_OF_ONE_NAME, 'fields of one name in one place');
        below.set((alias ?? name).value, merged);
      }
    }
    for (const merged of below.values()) if (merged.places.length > 0) assertNames(merged.places);
  }

  return assertNames;
}

function assertAtMost(count: number, limit: number, what: string): void {
  if (count <= limit) return;
  throw new GraphQLError(`The document has more than ${limit} ${what}.`, {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', limit, http: { status: 400 } },
  });
}
