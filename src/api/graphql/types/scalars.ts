import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { GraphQLUpload, type FileUpload } from 'graphql-upload-minimal';
import { ApiError } from '../../../errors.js';

const dateTime = GraphQLDateTime.toConfig();
const upload = GraphQLUpload.toConfig();

export const DateTime = new GraphQLScalarType<Date, string>({
  ...dateTime,
  description: 'A time in ISO 8601, in UTC, with milliseconds.',
  serialize: (value) => (value instanceof Date ? value : new Date(String(value))).toISOString(),
});

export const Upload = new GraphQLScalarType({
  ...upload,
  description: 'A file of a request by the GraphQL multipart request specification.',
  parseValue: (value) => withApiError(upload.parseValue(value) as Promise<FileUpload>),
});

/**
 * Translates the error of the library here, because the file is awaited before the resolver runs.
 */
function withApiError(file: Promise<FileUpload>): Promise<FileUpload> {
  const translated = file.catch((error: unknown) => {
    throw new ApiError(
      'BAD_USER_INPUT',
      'The multipart request contains no file for this variable.',
      { field: 'file' },
      { cause: error },
    );
  });
  // Nobody awaits the promise yet, and nobody will if another variable is invalid.
  translated.catch(() => undefined);
  return translated;
}
