import type { CodegenConfig } from '@graphql-codegen/cli';

/**
 * The page's operations, typed from the schema as the server prints it. The result is committed, so
 * that a build needs no generator and a check can prove that it is current: `graphql-codegen` and
 * no difference.
 */
const config: CodegenConfig = {
  schema: './schema.graphql',
  documents: ['web/src/**/*.{ts,tsx}', '!web/src/gql/**'],
  importExtension: '.js',
  generates: {
    './web/src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: { DateTime: 'string', Upload: 'File' },
      },
    },
  },
};

export default config;
