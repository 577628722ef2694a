import { Center, Loader } from '@mantine/core';
import { IconLock, IconPlugConnectedX } from '@tabler/icons-react';
import { useMemo, useSyncExternalStore } from 'react';
import { ClassicWorkspace } from '../classic/ClassicWorkspace.js';
import type { PageConfig } from '../config/page-config.js';
import { usePageConfig } from '../config/use-page-config.js';
import { identityKind } from '../sign-in/kinds.js';
import type { IdentityKind } from '../sign-in/identity.js';
import { SignIn } from '../sign-in/SignIn.js';
import { GraphqlWorkspace } from './GraphqlWorkspace.js';
import { Notice } from './Notice.js';
import { useProtocolChoice } from './protocol-choice.js';
import { ProtocolSwitch } from './ProtocolSwitch.js';

export function Page() {
  const { config, failed } = usePageConfig();
  if (!config)
    return (
      <Center component="main" mih="100dvh">
        {failed ? <ServerAway /> : <Loader aria-label="Loading" />}
      </Center>
    );
  const kind = identityKind(config.identity.kind);
  return kind ? <WithIdentity kind={kind} config={config} /> : <UnknownKind name={config.identity.kind} />;
}

function WithIdentity({ kind, config }: { kind: IdentityKind; config: PageConfig }) {
  const { identity, SignInForm } = useMemo(() => kind.start(config.identity), [kind, config]);
  const user = useSyncExternalStore(identity.subscribe, identity.user);
  const [choice, choose] = useProtocolChoice();
  if (!user) {
    return (
      <SignIn farewell={identity.farewell()}>
        <SignInForm />
      </SignIn>
    );
  }
  const Workspace = choice === 'classic' ? ClassicWorkspace : GraphqlWorkspace;
  return (
    <Workspace
      key={user.name}
      identity={identity}
      userName={user.name}
      maxUploadBytes={config.maxUploadBytes}
      protocolSwitch={<ProtocolSwitch choice={choice} onChoose={choose} />}
    />
  );
}

function ServerAway() {
  return (
    <div role="status">
      <Notice icon={<IconPlugConnectedX size={28} stroke={1.6} />} title="The server does not answer" color="orange">
        Nothing to do: the page keeps trying by itself and goes on as soon as it is back.
      </Notice>
    </div>
  );
}

function UnknownKind({ name }: { name: string }) {
  return (
    <Center component="main" mih="100dvh">
      <Notice icon={<IconLock size={28} stroke={1.6} />} title="This page cannot sign you in" color="orange">
        The server signs people in through “{name}”, which this page does not know. Ask your operator for the page that belongs to this
        server.
      </Notice>
    </Center>
  );
}
