import { ApolloProvider } from '@apollo/client/react';
import { useCallback } from 'react';
import { DocumentDrawer } from '../documents/DocumentDrawer.js';
import { GraphqlDocuments } from '../documents/GraphqlDocuments.js';
import { useDocumentActions } from '../documents/use-document-actions.js';
import { useSearchForm } from '../search/search-form.js';
import { SearchView } from '../search/SearchView.js';
import { goTo, toHash, useRoute } from '../ui/route.js';
import { useResource } from '../ui/use-resource.js';
import { createGraphqlSession, type GraphqlClient } from './graphql-session.js';
import type { Session } from './session.js';
import { Workspace, type SignedInProps } from './Workspace.js';

export function GraphqlWorkspace(props: SignedInProps) {
  const { identity, maxUploadBytes } = props;
  const session = useResource(
    useCallback(() => createGraphqlSession(identity, maxUploadBytes), [identity, maxUploadBytes]),
  );
  if (!session) return null;
  return (
    <ApolloProvider client={session.client.apollo}>
      <Views {...props} session={session} />
    </ApolloProvider>
  );
}

function Views(props: SignedInProps & { session: Session<GraphqlClient> }) {
  const { documents, watch } = props.session.client;
  const { view, documentId } = useRoute();
  const actions = useDocumentActions(props.identity, documents);
  // The form lives above the views, so that a query survives a visit to the list.
  const searchForm = useSearchForm();
  const hrefOf = (id: string) => toHash({ view, documentId: id });
  return (
    <Workspace
      {...props}
      hrefOf={hrefOf}
      list={<GraphqlDocuments watch={watch} actions={actions} hrefOf={hrefOf} />}
      search={<SearchView form={searchForm} actions={actions} />}
      details={
        <DocumentDrawer
          documentId={documentId}
          watch={watch}
          actions={actions}
          onClose={() => goTo({ view, documentId: null })}
        />
      }
    />
  );
}
