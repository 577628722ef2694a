import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTime } from 'graphql-scalars';
import { GraphQLUpload, type FileUpload } from 'graphql-upload-minimal';
import { ApiError } from '../../../errors.js';

const dateTime = GraphQLDateTime.toConfig();
const upload = GraphQLUpload.toConfig();

export const DateTime = new GraphQLScalarType<Date, string>({
  ...dateTime,
  description: 'ISO 8601, UTC, milliseconds.',
  serialize: (value) => (value instanceof Date ? value : new Date(String(value))).toISOString(),
});

export const Upload = new GraphQLScalarType({
  ...upload,
  description: 'A file, by the GraphQL multipart request specification.',
  parseValue: (value) => received(upload.parseValue(value) as Promise<FileUpload>),
});

/** Here and not in the resolver: the file is awaited before the resolver is called. */
function received(file: Promise<FileUpload>): Promise<FileUpload> {
  const inOurWords = file.catch((error: unknown) => {
    throw new ApiError(
      'BAD_USER_INPUT',
      'The file is missing in the multipart request.',
      { field: 'file' },
      { cause: error },
    );
  });
  // It may be rejected while nobody listens yet, or ever will when another variable is wrong.
  inOurWords.catch(() => undefined);
  return inOurWords;
}
