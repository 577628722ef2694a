import type { ApolloClient } from '@apollo/client';
import { createApollo } from '../apollo/create-apollo.js';
import type { NewestDocuments } from '../apollo/newest-documents.js';
import { watchDocuments, type DocumentWatch } from '../documents/watch-documents.js';
import type { Identity } from '../sign-in/identity.js';
import { createGraphqlSender } from '../upload/send-graphql.js';
import type { SendFile } from '../upload/uploads.js';
import { createSession, type Session } from './session.js';

export interface GraphqlClient {
  apollo: ApolloClient;
  documents: NewestDocuments;
  watch: DocumentWatch;
  send: SendFile;
  dispose(): void;
}

export function createGraphqlSession(
  identity: Identity,
  maxUploadBytes: number | null,
): Session<GraphqlClient> {
  return createSession((connection) => {
    const { client, documents, dispose } = createApollo(identity, connection);
    const watch = watchDocuments(client, documents);
    return {
      apollo: client,
      documents,
      watch,
      send: createGraphqlSender(client),
      dispose: () => {
        watch.stop();
        dispose();
      },
    };
  }, maxUploadBytes);
}
