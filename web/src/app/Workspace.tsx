import type { ReactNode } from 'react';
import { ConnectionBadge } from '../connection/ConnectionBadge.js';
import { ConnectionBanner } from '../connection/ConnectionBanner.js';
import type { Identity } from '../sign-in/identity.js';
import { useRoute } from '../ui/route.js';
import { UploadArea } from '../upload/UploadArea.js';
import type { Session } from './session.js';
import { Shell } from './Shell.js';

/** The properties that the workspaces of both protocols receive from the page. */
export interface SignedInProps {
  identity: Identity;
  userName: string;
  maxUploadBytes: number | null;
  protocolSwitch: ReactNode;
}

interface WorkspaceProps extends SignedInProps {
  session: Session;
  list: ReactNode;
  search: ReactNode;
  /** The dialog with the details of one document; left out if the protocol has no details. */
  details?: ReactNode;
  /** Returns the address of a document's details; null if the protocol has no details. */
  hrefOf: (documentId: string) => string | null;
}

/** The views of a signed-in person, whichever protocol the session uses. */
export function Workspace({
  identity,
  userName,
  maxUploadBytes,
  protocolSwitch,
  session: { connection, uploads },
  list,
  search,
  details,
  hrefOf,
}: WorkspaceProps) {
  const { view } = useRoute();
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
        search
      ) : (
        <>
          <UploadArea uploads={uploads} maxUploadBytes={maxUploadBytes} hrefOf={hrefOf} />
          {list}
        </>
      )}
      {details}
    </Shell>
  );
}
