import type { ApolloClient } from '@apollo/client';
import type { UploadFetchOptions } from '../apollo/upload-link.js';
import { UploadDocument } from '../documents/operations.js';
import type { SendFile } from './uploads.js';

export function createGraphqlSender(client: ApolloClient): SendFile {
  return async (file, { signal, onSent }) => {
    const fetchOptions: UploadFetchOptions = { signal, onSent };
    const { data } = await client.mutate({
      mutation: UploadDocument,
      variables: { file },
      context: { fetchOptions },
    });
    if (!data) throw new Error('The server returned neither data nor an error.');
    const { document, duplicateOf } = data.uploadDocument;
    return { documentId: document.id, duplicateOf };
  };
}
