import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { GraphQLUpload } from 'graphql-upload-minimal';

const dateTime = GraphQLDateTime.toConfig();

export const DateTime = new GraphQLScalarType<Date, string>({
  ...dateTime,
  description: 'ISO 8601, UTC, milliseconds.',
  serialize: (value) => (value instanceof Date ? value : new Date(String(value))).toISOString(),
});

export const Upload = new GraphQLScalarType({
  ...GraphQLUpload.toConfig(),
  description: 'A file, by the GraphQL multipart request specification.',
});
