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

const withToken = (identity: Identity) =>
  new SetContextLink(async ({ headers, freshToken = false }) => ({
    headers: {
      ...(headers as Record<string, string> | undefined),
      authorization: `Bearer ${(await identity.token({ fresh: freshToken === true })) ?? ''}`,
    },
  }));

/**
 * Once with a fresh token, since the server's clock and not ours says when one has expired; refused
 * again, the sign-in is over.
 */
const signOutWhenRefused = (identity: Identity) =>
  new ErrorLink(({ error, operation, forward }) => {
    const isRefused =
      CombinedGraphQLErrors.is(error) &&
      error.errors.some(({ extensions }) => extensions?.['code'] === 'UNAUTHENTICATED');
    if (!isRefused) return undefined;
    if (operation.getContext()['freshToken'] !== true) {
      operation.setContext({ freshToken: true });
      return forward(operation);
    }
    identity.signOut('Your sign-in is no longer accepted. Please sign in again.');
    return undefined;
  });

/** One client for one signed-in user; signing out drops it, cache and all. */
export function createApollo(identity: Identity, connection: Connection): Apollo {
  const cache = createCache();
  const documents = createNewestDocuments(cache);
  const socket = createSocket(identity, connection);
  const http = ApolloLink.from([
    signOutWhenRefused(identity),
    withToken(identity),
    createUploadLink(),
  ]);
  const link = ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    new GraphQLWsLink(socket),
    http,
  );
  const client = new ApolloClient({ cache, link: documents.link.concat(link) });
  // Between the loss of the line and its return anything may have happened: all that is shown is
  // asked for once.
  const stopRefetching = connection.onReconnected(
    () => void client.refetchQueries({ include: 'active' }).catch(() => undefined),
  );
  return {
    client,
    documents,
    dispose: () => {
      stopRefetching();
      client.stop();
      // It waits for a connection that is being made, and rejects when that one fails: nobody wants
      // it any more.
      void Promise.resolve(socket.dispose()).catch(() => undefined);
    },
  };
}
