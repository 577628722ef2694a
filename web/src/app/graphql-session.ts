import { createApollo, type Apollo } from '../apollo/create-apollo.js';
import { createConnection, type Connection } from '../connection/connection.js';
import { watchDocuments, type DocumentWatch } from '../documents/watch-documents.js';
import type { Identity } from '../sign-in/identity.js';
import { createGraphqlSender } from '../upload/send-graphql.js';
import { createUploads, type Uploads } from '../upload/uploads.js';

export interface GraphqlSession extends Apollo {
  connection: Connection;
  watch: DocumentWatch;
  uploads: Uploads;
}

/** What one signed-in person's page holds open while it speaks GraphQL. */
export function createGraphqlSession(
  identity: Identity,
  maxUploadBytes: number | null,
): GraphqlSession {
  const connection = createConnection();
  const apollo = createApollo(identity, connection);
  const watch = watchDocuments(apollo.client, apollo.documents);
  const uploads = createUploads({ send: createGraphqlSender(apollo.client), maxUploadBytes });
  return {
    ...apollo,
    connection,
    watch,
    uploads,
    dispose: () => {
      uploads.abortAll();
      watch.stop();
      apollo.dispose();
      connection.dispose();
    },
  };
}
