import tableRows from './scripts/markdown/table-rows.mjs';

export default {
  globs: ['**/*.md'],
  gitignore: true,
  ignores: ['node_modules', 'test/corpus'],
  noBanner: true,
  noProgress: true,
  customRules: [tableRows],
  config: {
    // Tables and code do not wrap; the rule `table-rows` limits the rows.
    MD013: { line_length: 100, heading_line_length: 100, tables: false, code_blocks: false },
    // The headings "Added", "Changed" and so on repeat for each version of CHANGELOG.md.
    MD024: { siblings_only: true },
    MD029: { style: 'ordered' },
    MD046: { style: 'fenced' },
  },
};
