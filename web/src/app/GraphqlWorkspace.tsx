import { ApolloProvider } from '@apollo/client/react';
import { useCallback, type ReactNode } from 'react';
import { ConnectionBadge } from '../connection/ConnectionBadge.js';
import { ConnectionBanner } from '../connection/ConnectionBanner.js';
import { DocumentDrawer } from '../documents/DocumentDrawer.js';
import { DocumentsView } from '../documents/DocumentsView.js';
import { useDocumentActions } from '../documents/use-document-actions.js';
import { SearchView } from '../search/SearchView.js';
import { useSearchForm } from '../search/search-form.js';
import type { Identity } from '../sign-in/identity.js';
import { UploadArea } from '../upload/UploadArea.js';
import { createGraphqlSession, type GraphqlSession } from './graphql-session.js';
import { goTo, hashOf, useRoute } from '../ui/route.js';
import { Shell } from './Shell.js';
import { useResource } from '../ui/use-resource.js';

export interface WorkspaceProps {
  identity: Identity;
  userName: string;
  maxUploadBytes: number | null;
  protocolSwitch: ReactNode;
}

export function GraphqlWorkspace(props: WorkspaceProps) {
  const { identity, maxUploadBytes } = props;
  const session = useResource(
    useCallback(() => createGraphqlSession(identity, maxUploadBytes), [identity, maxUploadBytes]),
  );
  if (!session) return null;
  return (
    <ApolloProvider client={session.client}>
      <Views {...props} session={session} />
    </ApolloProvider>
  );
}

function Views({
  identity,
  userName,
  maxUploadBytes,
  protocolSwitch,
  session,
}: WorkspaceProps & { session: GraphqlSession }) {
  const { connection, documents, watch, uploads } = session;
  const { view, documentId } = useRoute();
  const actions = useDocumentActions(identity, documents);
  const searchForm = useSearchForm();
  return (
    <Shell
      view={view}
      userName={userName}
      onSignOut={() => identity.signOut()}
      badge={<ConnectionBadge connection={connection} />}
      banner={<ConnectionBanner connection={connection} />}
      protocolSwitch={protocolSwitch}
    >
      {view === 'search' ? (
        <SearchView form={searchForm} actions={actions} />
      ) : (
        <>
          <UploadArea
            uploads={uploads}
            maxUploadBytes={maxUploadBytes}
            hrefOf={(id) => hashOf({ view, documentId: id })}
          />
          <DocumentsView watch={watch} actions={actions} />
        </>
      )}
      <DocumentDrawer
        documentId={documentId}
        watch={watch}
        actions={actions}
        onClose={() => goTo({ view, documentId: null })}
      />
    </Shell>
  );
}
