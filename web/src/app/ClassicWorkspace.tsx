import { Paper } from '@mantine/core';
import { IconFileSearch } from '@tabler/icons-react';
import { useCallback } from 'react';
import { ClassicView } from '../classic/ClassicView.js';
import { Notice } from '../ui/Notice.js';
import { useResource } from '../ui/use-resource.js';
import { createClassicSession } from './classic-session.js';
import { Workspace, type SignedInProps } from './Workspace.js';

export function ClassicWorkspace(props: SignedInProps) {
  const { identity, maxUploadBytes } = props;
  const session = useResource(
    useCallback(() => createClassicSession(identity, maxUploadBytes), [identity, maxUploadBytes]),
  );
  if (!session) return null;
  return (
    <Workspace
      {...props}
      session={session}
      hrefOf={() => null}
      list={<ClassicView documents={session.client.documents} identity={identity} />}
      search={<NoSearch />}
    />
  );
}

function NoSearch() {
  return (
    <Paper withBorder radius="lg">
      <Notice
        icon={<IconFileSearch size={28} stroke={1.6} />}
        title="Search needs GraphQL"
        color="gray"
      >
        The classic protocol uploads and watches documents. Switch to GraphQL to search, to see a
        document’s history or to delete it.
      </Notice>
    </Paper>
  );
}
