import type { ApolloClient } from '@apollo/client';
import type { DocumentFieldsFragment, DocumentsPageQueryVariables } from '../gql/graphql.js';
import { DocumentsPage } from './operations.js';

/**
 * Adds a new document to the top of the cached first page and returns true; returns false if the
 * document is not new. The edge has no cursor and the count stays as it was, so the caller must
 * request the page again.
 */
export function prependDocument(
  client: ApolloClient,
  variables: DocumentsPageQueryVariables,
  document: DocumentFieldsFragment,
): boolean {
  const page = client.cache.readQuery({ query: DocumentsPage, variables });
  if (!page) return false;
  const { edges } = page.documents;
  const top = edges[0]?.node;
  const isKnown = edges.some(({ node }) => node.id === document.id);
  if (isKnown || (top && top.createdAt > document.createdAt)) return false;
  const edge = { __typename: 'DocumentEdge' as const, node: document };
  client.cache.writeQuery({
    query: DocumentsPage,
    variables,
    data: { ...page, documents: { ...page.documents, edges: [edge, ...edges] } },
  });
  return true;
}
