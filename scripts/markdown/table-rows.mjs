/** A rule of markdownlint: a row that does not fit on a screen belongs below its table, as prose. */
const LONGEST_ROW = 200;

export default {
  names: ['table-rows'],
  description: `Table rows have at most ${LONGEST_ROW} characters`,
  tags: ['table', 'line_length'],
  parser: 'micromark',
  function: ({ lines, parsers }, onError) => {
    for (const { startLine, endLine } of tablesOf(parsers.micromark.tokens))
      for (let line = startLine; line <= endLine; line += 1) {
        const { length } = lines[line - 1];
        if (length > LONGEST_ROW)
          onError({ lineNumber: line, detail: `The row has ${length} characters.` });
      }
  },
};

function tablesOf(tokens) {
  return tokens.flatMap((token) =>
    token.type === 'table' ? [token] : tablesOf(token.children ?? []),
  );
}
