import js from '@eslint/js';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

const ENVIRONMENT_READERS = ['src/config.ts', 'test/**', 'scripts/**', 'web/vite.config.ts'];

/** A run of any character within a group that is repeated. */
const ANYTHING_IN_A_LOOP = String.raw`/(\.|\[\^.{0,3}\]|\[\\[sS]\\[sS]\])[*+].*\)([*+]|\{\d+,\})/`;
const SCAN_INSTEAD =
  'A run of any character in a repeated group backtracks exponentially; scan with indexOf instead.';

/** Shapes that slow a reader down, and what to write instead. */
const IDIOMS = [
  {
    selector: 'ObjectExpression > SpreadElement > ObjectExpression',
    message: 'Write the properties of the inner object into the outer one.',
  },
  {
    selector: 'UnaryExpression[operator="void"] > AssignmentExpression',
    message: 'Write a block with a statement.',
  },
  {
    selector: 'ReturnStatement > UnaryExpression[operator="void"]',
    message: 'Write the call and the return as two statements.',
  },
  {
    selector:
      ':matches(AssignmentExpression[left.type="ArrayPattern"][right.type="ArrayExpression"], VariableDeclarator[id.type="ArrayPattern"][init.type="ArrayExpression"])',
    message: 'Write one statement for each assignment.',
  },
  {
    selector:
      'Program > :matches(VariableDeclaration, ExportNamedDeclaration) ArrowFunctionExpression[body.type="BlockStatement"][parent.type="VariableDeclarator"][parent.parent.parent.type=/^(Program|ExportNamedDeclaration)$/]',
    message: 'Write a function declaration.',
  },
];

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'data/',
      'coverage/',
      'test/artifacts/',
      'test/corpus/',
      'web/src/gql/',
      'web/public/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['codegen.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      // Ports declare promises, so adapters return promises whether or not they wait.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // Our objects are closures: no method reads `this`.
      '@typescript-eslint/unbound-method': 'off',
      // An abort signal's reason is thrown as it is.
      '@typescript-eslint/only-throw-error': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true, allowRethrowing: true },
      ],
      // NUL and its kin are what we look for in extracted text.
      'no-control-regex': 'off',
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['src/**', 'consumers/**', 'web/**'],
    ignores: ENVIRONMENT_READERS,
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Only src/config.ts reads the environment.',
        },
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: ['node:process', 'process'].map((name) => ({
            name,
            importNames: ['env'],
            message: 'Only src/config.ts reads the environment.',
          })),
        },
      ],
    },
  },
  {
    // Foreign text reaches our regular expressions, so each must take time in proportion to its
    // input.
    files: ['src/**', 'consumers/**', 'web/src/**'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': [
        'error',
        { report: 'potential', ignoreSticky: false, ignorePartial: false },
      ],
      // The plugin does not see that `(<!--[^]*?-->)*` can divide a text in exponentially many ways.
      'no-restricted-syntax': [
        'error',
        { selector: `Literal[regex.pattern=${ANYTHING_IN_A_LOOP}]`, message: SCAN_INSTEAD },
        ...IDIOMS,
      ],
      'max-lines-per-function': ['error', { max: 80 }],
    },
  },
  {
    files: ['test/**', 'scripts/**', 'examples/**'],
    rules: { 'no-restricted-syntax': ['error', ...IDIOMS] },
  },
  {
    // A migration is one list of statements, and is never edited again.
    files: ['src/postgres/migrations/**'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    // type-graphql reads parameter types at run time through decorator metadata, so these imports
    // must not be types only.
    files: ['src/api/graphql/**', 'src/postgres/**'],
    rules: { '@typescript-eslint/consistent-type-imports': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        process: 'readonly',
        URL: 'readonly',
        require: 'readonly',
        module: 'writable',
        setInterval: 'readonly',
        clearInterval: 'readonly',
      },
    },
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      '@typescript-eslint/consistent-type-imports': 'off',
    },
  },
);
