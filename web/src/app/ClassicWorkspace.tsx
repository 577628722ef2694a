import { Paper } from '@mantine/core';
import { IconFileSearch } from '@tabler/icons-react';
import { useCallback } from 'react';
import { ConnectionBadge } from '../connection/ConnectionBadge.js';
import { ConnectionBanner } from '../connection/ConnectionBanner.js';
import type { WorkspaceProps } from './GraphqlWorkspace.js';
import { Notice } from '../ui/Notice.js';
import { useRoute } from '../ui/route.js';
import { Shell } from './Shell.js';
import { useResource } from '../ui/use-resource.js';
import { UploadArea } from '../upload/UploadArea.js';
import { createClassicSession } from './classic-session.js';
import { ClassicView } from '../classic/ClassicView.js';

export function ClassicWorkspace({
  identity,
  userName,
  maxUploadBytes,
  protocolSwitch,
}: WorkspaceProps) {
  const session = useResource(
    useCallback(() => createClassicSession(identity, maxUploadBytes), [identity, maxUploadBytes]),
  );
  const { view } = useRoute();
  if (!session) return null;
  const { connection, documents, uploads } = session;
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
        <Paper withBorder radius="lg">
          <Notice
            icon={<IconFileSearch size={28} stroke={1.6} />}
            title="Search speaks GraphQL"
            color="gray"
          >
            The classic protocol uploads and watches. Switch to GraphQL to search, to see a
            document’s history or to delete it.
          </Notice>
        </Paper>
      ) : (
        <>
          <UploadArea uploads={uploads} maxUploadBytes={maxUploadBytes} hrefOf={() => null} />
          <ClassicView documents={documents} identity={identity} />
        </>
      )}
    </Shell>
  );
}
