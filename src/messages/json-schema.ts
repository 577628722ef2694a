import { z } from 'zod';

/** JSON Schema (draft 7, which AsyncAPI 3 speaks) of a message, as asyncapi.yaml holds it: open to fields that come later. */
export function toJsonSchema(schema: z.ZodType): Record<string, unknown> {
  const { id, $schema: _dialect, ...json } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input', override: simplify });
  return { ...(id !== undefined && { $id: id }), ...json };
}

/** Left out: what a format says already, and JavaScript's own bounds of whole numbers. */
function simplify({ jsonSchema }: { jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema['format'] !== undefined) delete jsonSchema['pattern'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
}
