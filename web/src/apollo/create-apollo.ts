import { ApolloClient, ApolloLink, CombinedGraphQLErrors } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { ErrorLink } from '@apollo/client/link/error';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import type { Connection } from '../connection/connection.js';
import type { Identity } from '../sign-in/identity.js';
import { createCache } from './cache.js';
import { createNewestDocuments, type NewestDocuments } from './newest-documents.js';
import { createSocket } from './socket.js';
import { createUploadLink } from './upload-link.js';

export interface Apollo {
  client: ApolloClient;
  documents: NewestDocuments;
  dispose(): void;
}

function createTokenLink(identity: Identity): ApolloLink {
  return new SetContextLink(async ({ headers, freshToken = false }) => ({
    headers: {
      ...(headers as Record<string, string> | undefined),
      authorization: `Bearer ${(await identity.token({ fresh: freshToken === true })) ?? ''}`,
    },
  }));
}

/**
 * Retries a rejected operation once with a fresh token, because the server's clock decides when a
 * token expires. Signs out if the server rejects the fresh token too.
 */
function createRejectionLink(identity: Identity): ApolloLink {
  return new ErrorLink(({ error, operation, forward }) => {
    const isRejected =
      CombinedGraphQLErrors.is(error) &&
      error.errors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED');
    if (!isRejected) return undefined;
    if (operation.getContext()['freshToken'] !== true) {
      operation.setContext({ freshToken: true });
      return forward(operation);
    }
    identity.signOut('Your sign-in is no longer accepted. Please sign in again.');
    return undefined;
  });
}

/** Creates the client of one signed-in user. A sign-out discards the client and its cache. */
export function createApollo(identity: Identity, connection: Connection): Apollo {
  const cache = createCache();
  const documents = createNewestDocuments(cache);
  const socket = createSocket(identity, connection);
  const http = ApolloLink.from([
    createRejectionLink(identity),
    createTokenLink(identity),
    createUploadLink(),
  ]);
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    http,
  );
  const client = new ApolloClient({ cache, link: documents.link.concat(link) });
  // The page missed the events of the outage, so it requests everything that is shown once.
  const stopRefetching = connection.onReconnected(() => {
    client.refetchQueries({ include: 'active' }).catch(() => undefined);
  });
  return {
    client,
    documents,
    dispose: () => {
      stopRefetching();
      client.stop();
      // The disposal waits for an opening connection and rejects if that one fails.
      void Promise.resolve(socket.dispose()).catch(() => undefined);
    },
  };
}
