import { Button, Center, Loader } from '@mantine/core';
import { IconLock, IconPlugConnectedX, IconReload } from '@tabler/icons-react';
import { useSyncExternalStore, type ReactNode } from 'react';
import type { PageConfig } from '../config/page-config.js';
import { usePageConfig } from '../config/use-page-config.js';
import type * as signIn from '../sign-in/identity.js';
import { SignIn } from '../sign-in/SignIn.js';
import { useSignIn } from '../sign-in/use-sign-in.js';
import { Notice } from '../ui/Notice.js';
import { ClassicWorkspace } from './ClassicWorkspace.js';
import { GraphqlWorkspace } from './GraphqlWorkspace.js';
import { useProtocolChoice } from './protocol-choice.js';
import { ProtocolSwitch } from './ProtocolSwitch.js';

export function Page() {
  const { config, failed } = usePageConfig();
  if (config) return <ConfiguredPage config={config} />;
  return (
    <CenteredPage>{failed ? <ServerUnavailable /> : <Loader aria-label="Loading" />}</CenteredPage>
  );
}

function ConfiguredPage({ config }: { config: PageConfig }) {
  const state = useSignIn(config.identity);
  if (state.phase === 'ready') return <SignedInPage signIn={state.signIn} config={config} />;
  if (state.phase === 'unknown') return <UnknownIdentityKind name={config.identity.kind} />;
  return (
    <CenteredPage>
      {state.phase === 'failed' ? <SignInUnavailable /> : <Loader aria-label="Loading" />}
    </CenteredPage>
  );
}

function SignedInPage({
  signIn: { identity, SignInForm },
  config,
}: {
  signIn: signIn.SignIn;
  config: PageConfig;
}) {
  const user = useSyncExternalStore(identity.subscribe, identity.user);
  const signOutReason = useSyncExternalStore(identity.subscribe, identity.signOutReason);
  const [choice, choose] = useProtocolChoice();
  if (!user) {
    return (
      <SignIn signOutReason={signOutReason}>
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

function CenteredPage({ children }: { children: ReactNode }) {
  return (
    <Center component="main" mih="100dvh">
      {children}
    </Center>
  );
}

function SignInUnavailable() {
  return (
    <Notice
      icon={<IconLock size={28} stroke={1.6} />}
      title="The sign-in could not be loaded"
      color="orange"
      action={
        <Button
          leftSection={<IconReload size={16} aria-hidden />}
          onClick={() => window.location.reload()}
        >
          Reload
        </Button>
      }
    >
      Check your network, then reload the page. If the problem persists, contact your administrator.
    </Notice>
  );
}

function ServerUnavailable() {
  return (
    <div role="status">
      <Notice
        icon={<IconPlugConnectedX size={28} stroke={1.6} />}
        title="The server is not responding"
        color="orange"
      >
        No action is needed. The page keeps trying and continues when the server is back.
      </Notice>
    </div>
  );
}

function UnknownIdentityKind({ name }: { name: string }) {
  return (
    <CenteredPage>
      <Notice
        icon={<IconLock size={28} stroke={1.6} />}
        title="This page cannot sign you in"
        color="orange"
      >
        The server signs people in through “{name}”, which this page does not support. Ask your
        administrator for the page that belongs to this server.
      </Notice>
    </CenteredPage>
  );
}
