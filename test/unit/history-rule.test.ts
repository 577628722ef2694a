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

describe('the history rule', () => {
  it('allows one history of a document', () => {
    expect(problemsOf('{ document { id events { seq document { id } } } }')).toBe(0);
  });

  it('rejects a history within a history', () => {
    expect(problemsOf('{ document { events { document { events { seq } } } } }')).toBe(1);
  });

  it('rejects a history within a history through nested fragments', () => {
    const query =
      '{ document { events { ...A } } } fragment A on Event { ... on Event { document { ...B } } } fragment B on Document { events { seq } }';
    expect(problemsOf(query)).toBe(1);
  });

  it('checks fragments that double at each step within 1 s', () => {
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

  it('ends for fragments in a circle', () => {
    expect(
      problemsOf('{ document { events { document { ...A } } } } fragment A on Document { ...A }'),
    ).toBe(0);
  });

  it('rejects six histories in one selection', () => {
    const side = Array.from({ length: 6 }, (_, n) => `e${n}: events { seq }`).join(' ');
    expect(problemsOf(`{ document { ${side} } }`)).toBe(1);
  });

  it('counts a fragment as often as it is used', () => {
    const spread = (times: number) =>
      Array.from({ length: times }, (_, n) => `d${n}: document { ...F }`).join(' ');
    const fragment = 'fragment F on Document { events { seq } }';
    expect(problemsOf(`{ ${spread(5)} } ${fragment}`)).toBe(0);
    expect(problemsOf(`{ ${spread(6)} } ${fragment}`)).toBe(1);
  });
});
