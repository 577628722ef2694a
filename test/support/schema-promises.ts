/**
 * Finds what an old schema promises to a consumer and the present one does not. Supports the JSON
 * Schema that the messages use; any other difference counts as broken.
 */
export type Schema = Record<string, unknown>;

const WORDS = new Set(['$id', '$schema', 'title', 'description']);
const COMPARED = new Set(['type', 'properties', 'required', 'anyOf', 'oneOf', 'minimum']);

export function findBrokenPromises(old: Schema, present: Schema, path = ''): string[] {
  const olds = toBranches(old);
  const presents = toBranches(present);
  if (olds.length === 1 && presents.length === 1)
    return compare(olds[0] ?? {}, presents[0] ?? {}, path);
  // Each present kind of value must be one of the old kinds.
  return presents.flatMap((branch) => {
    const results = olds.map((one) => compare(one, branch, path));
    return (
      results.find((problems) => problems.length === 0) ?? [
        `${path}: a kind of value that was not there: ${JSON.stringify(branch)}`,
      ]
    );
  });
}

/** Returns one schema for each type that a value may have. */
function toBranches(schema: Schema): Schema[] {
  const choices = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined;
  if (choices) return choices.flatMap(toBranches);
  const { type } = schema;
  return Array.isArray(type) ? type.map((one: unknown) => ({ ...schema, type: one })) : [schema];
}

function compare(old: Schema, present: Schema, path: string): string[] {
  const problems: string[] = [];
  if (old['type'] !== present['type']) problems.push(`${path}: another type`);
  if (typeof old['minimum'] === 'number' && !(Number(present['minimum']) >= old['minimum']))
    problems.push(`${path}: a lower minimum`);
  return [...problems, ...compareOthers(old, present, path), ...compareFields(old, present, path)];
}

function compareOthers(old: Schema, present: Schema, path: string): string[] {
  const keywords = Object.keys(old).filter(
    (keyword) => !WORDS.has(keyword) && !COMPARED.has(keyword),
  );
  return keywords
    .filter((keyword) => !isSame(old[keyword], present[keyword]))
    .map((keyword) => `${path}: another ${keyword}`);
}

function compareFields(old: Schema, present: Schema, path: string): string[] {
  const olds = (old['properties'] ?? {}) as Record<string, Schema>;
  const presents = (present['properties'] ?? {}) as Record<string, Schema>;
  const required = (present['required'] ?? []) as string[];
  const optional = ((old['required'] ?? []) as string[]).filter(
    (field) => !required.includes(field),
  );
  return [
    ...optional.map((field) => `${path}/${field}: may be left out now`),
    ...Object.entries(olds).flatMap(([field, schema]) => {
      const now = presents[field];
      return now
        ? findBrokenPromises(schema, now, `${path}/${field}`)
        : [`${path}/${field}: is gone`];
    }),
  ];
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
