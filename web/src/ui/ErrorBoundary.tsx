import { Button, Center, Group, VisuallyHidden } from '@mantine/core';
import { IconFileSad, IconReload } from '@tabler/icons-react';
import { Component, type ReactNode } from 'react';
import { Notice } from './Notice.js';
import { goTo } from './route.js';

interface ErrorBoundaryProps {
  children: ReactNode;
  /** A change of this key renders the children again after a failure. */
  resetKey?: string;
  /** True for the boundary around the whole page, which then provides the `main` landmark. */
  isWholePage?: boolean;
}

interface ErrorBoundaryState {
  resetKey: string | undefined;
  hasFailed: boolean;
}

/** Shows an error and a way back, where React would render an empty page. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { resetKey: undefined, hasFailed: false };

  static getDerivedStateFromError(): Partial<ErrorBoundaryState> {
    return { hasFailed: true };
  }

  static getDerivedStateFromProps(
    { resetKey }: ErrorBoundaryProps,
    state: ErrorBoundaryState,
  ): Partial<ErrorBoundaryState> | null {
    return resetKey === state.resetKey ? null : { resetKey, hasFailed: false };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    const failure = <Failure onReset={() => this.setState({ hasFailed: false })} />;
    return this.props.isWholePage ? (
      <Center component="main" mih="100dvh">
        <VisuallyHidden component="h1">docstream</VisuallyHidden>
        {failure}
      </Center>
    ) : (
      failure
    );
  }
}

function Failure({ onReset }: { onReset: () => void }) {
  const goBack = () => {
    goTo({ view: 'documents', documentId: null });
    onReset();
  };
  const actions = (
    <Group gap="sm" justify="center">
      <Button onClick={goBack}>Go to documents</Button>
      <Button
        variant="default"
        leftSection={<IconReload size={16} aria-hidden />}
        onClick={() => window.location.reload()}
      >
        Reload
      </Button>
    </Group>
  );
  return (
    <div role="alert">
      <Notice
        icon={<IconFileSad size={28} stroke={1.6} />}
        title="This page cannot be shown"
        color="orange"
        action={actions}
      >
        The page received data that it cannot read. Your documents are not affected. Go to your
        documents, or reload the page. If the problem persists, contact your administrator.
      </Notice>
    </div>
  );
}
