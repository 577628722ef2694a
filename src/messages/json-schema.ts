import { z } from 'zod';

/**
 * JSON Schema (draft 7, which AsyncAPI 3 speaks) of a message, as asyncapi.yaml holds it: open to
 * fields that come later.
 */
export function toJsonSchema(schema: z.ZodType): Record<string, unknown> {
  const {
    $schema: _dialect,
    definitions,
    ...json
  } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', override: simplify });
  const id = schema.meta()?.id;
  // One with an id of its own is answered as a reference into definitions, which nobody can follow
  // once it stands in another document.
  return id === undefined ? json : { $id: id, ...(definitions as Record<string, object>)[id] };
}

/** Left out: what a format says already, and JavaScript's own bounds of whole numbers. */
function simplify({ jsonSchema }: { jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema['format'] !== undefined) delete jsonSchema['pattern'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
}
