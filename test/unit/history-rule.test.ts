import { buildSchema, parse, validate } from 'graphql';
import { historyRule } from '../../src/api/graphql/history-rule.js';

const schema = buildSchema(`
  type Query { document: Document }
  type Document { id: ID events: [Event] }
  type Event { seq: Int document: Document }
`);

function problemsOf(query: string): number {
  return validate(schema, parse(query), [historyRule]).length;
}

describe('what a query may read of histories', () => {
  it('one history of a document is allowed', () => {
    expect(problemsOf('{ document { id events { seq document { id } } } }')).toBe(0);
  });

  it('a history within a history is not', () => {
    expect(problemsOf('{ document { events { document { events { seq } } } } }')).toBe(1);
  });

  it('nor one by way of fragments, however deep', () => {
    const query =
      '{ document { events { ...A } } } fragment A on Event { ... on Event { document { ...B } } } fragment B on Document { events { seq } }';
    expect(problemsOf(query)).toBe(1);
  });

  it('fragments that double at each step are looked through in no time', () => {
    const steps = Array.from(
      { length: 60 },
      (_, n) => `fragment F${n} on Document { a: id ...F${n + 1} ...F${n + 1} }`,
    );
    const begun = performance.now();
    expect(
      problemsOf(
        `{ document { events { document { ...F0 } } } } ${steps.join(' ')} fragment F60 on Document { events { seq } }`,
      ),
    ).toBe(1);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  it('fragments in a circle come to an end', () => {
    expect(
      problemsOf('{ document { events { document { ...A } } } } fragment A on Document { ...A }'),
    ).toBe(0);
  });

  it('many histories side by side are not', () => {
    const side = Array.from({ length: 6 }, (_, n) => `e${n}: events { seq }`).join(' ');
    expect(problemsOf(`{ document { ${side} } }`)).toBe(1);
  });
});
