import { z } from 'zod';

/**
 * Returns the JSON Schema of a message as asyncapi.yaml contains it: draft 7, which AsyncAPI 3
 * uses, and open to fields that are added later.
 */
export function toJsonSchema(schema: z.ZodType): Record<string, unknown> {
  const {
    $schema: _dialect,
    definitions,
    ...json
  } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', override: simplify });
  const id = schema.meta()?.id;
  // zod returns a schema that has an id as a reference into `definitions`, which does not resolve
  // in another document.
  return id === undefined ? json : { $id: id, ...(definitions as Record<string, object>)[id] };
}

/** Removes patterns that repeat a format, and JavaScript's own maximum of integers. */
function simplify({ jsonSchema }: { jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema['format'] !== undefined) delete jsonSchema['pattern'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
}
