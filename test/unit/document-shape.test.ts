import fc from 'fast-check';
import { assertShape } from '../../src/api/graphql/document-shape.js';
import { parseDocument } from '../../src/api/graphql/document-text.js';
import { createSchema } from '../../src/api/graphql/schema.js';
import { createOperationCheck, isDocument } from '../../src/api/graphql/check-operation.js';
import { getIntrospectionQuery } from 'graphql';

/** Valid and invalid documents with few names, so that fields and fragments collide. */
const document = fc.letrec<{ selection: string; selections: string; definition: string }>(
  (tie) => ({
    selection: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(
        'id',
        'viewer { id }',
        '__typename',
        '...A',
        '...B',
        '...C',
        'x: id',
        '__schema { types { name } }',
      ),
      tie('selections').map((inner) => `documents(first: 100) { edges { node ${inner} } }`),
      tie('selections').map((inner) => `... on Query ${inner}`),
      tie('selections').map((inner) => `viewer ${inner}`),
    ),
    selections: fc
      .array(tie('selection'), { minLength: 1, maxLength: 12 })
      .map((all) => `{ ${all.join(' ')} }`),
    definition: fc.oneof(
      tie('selections'),
      fc
        .tuple(fc.constantFrom('A', 'B', 'C'), tie('selections'))
        .map(([name, inner]) => `fragment ${name} on Query ${inner}`),
    ),
  }),
);
const text = fc
  .array(document.definition, { minLength: 1, maxLength: 6 })
  .map((all) => all.join('\n'));

it('checks any document within 500 ms, and throws no unexpected error', async () => {
  const check = createOperationCheck(await createSchema());
  fc.assert(
    fc.property(text, (query) => {
      const startedAt = performance.now();
      const checked = check.check({ query });
      // A rule that compares every pair without a limit takes seconds.
      expect(performance.now() - startedAt).toBeLessThan(500);
      if (!isDocument(checked)) expect(checked.length).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

it('accepts the introspection queries of common tools', async () => {
  const check = createOperationCheck(await createSchema());
  for (const query of [
    getIntrospectionQuery(),
    getIntrospectionQuery({
      inputValueDeprecation: true,
      schemaDescription: true,
      specifiedByUrl: true,
    }),
  ])
    expect(isDocument(check.check({ query }))).toBe(true);
});

it.each([
  [20, true],
  [21, false],
])(
  'counts %i fields of one name in one selection, with fragments and merged selections',
  (count, fits) => {
    const documents = [
      `{ ${'id '.repeat(count)} }`,
      `{ ${'...F '.repeat(count)} } fragment F on Query { id }`,
      `{ ${'a { id } '.repeat(count)} }`,
      `{ ${'... { id } '.repeat(count)} }`,
    ];
    for (const query of documents) {
      const assertion = expect(() => assertShape(parseDocument(query)));
      if (fits) assertion.not.toThrow();
      else assertion.toThrow('fields of one name');
    }
  },
);
