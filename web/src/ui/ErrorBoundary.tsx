import { Button, Center, Group, VisuallyHidden } from '@mantine/core';
import { IconFileSad, IconReload } from '@tabler/icons-react';
import { Component, type ReactNode } from 'react';
import { Notice } from './Notice.js';
import { goTo } from './route.js';

interface ErrorBoundaryProps {
  children: ReactNode;
  /** Another place than the one that failed: what is shown there is tried anew. */
  place?: string;
  /** The boundary around everything is the page's landmark; one inside of it is not. */
  isWholePage?: boolean;
}

interface ErrorBoundaryState {
  failedAt: string | undefined;
  hasFailed: boolean;
}

/** Shows what happened and a way back where React would leave an empty page. */
export class ErrorBoundary extends Component<ErrorBoundaryProps, ErrorBoundaryState> {
  override state: ErrorBoundaryState = { failedAt: undefined, hasFailed: false };

  static getDerivedStateFromError(): Partial<ErrorBoundaryState> {
    return { hasFailed: true };
  }

  static getDerivedStateFromProps(
    { place }: ErrorBoundaryProps,
    { failedAt }: ErrorBoundaryState,
  ): Partial<ErrorBoundaryState> | null {
    return place === failedAt ? null : { failedAt: place, hasFailed: false };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    const failed = <Failed onBack={() => this.setState({ hasFailed: false })} />;
    return this.props.isWholePage ? (
      <Center component="main" mih="100dvh">
        <VisuallyHidden component="h1">docstream</VisuallyHidden>
        {failed}
      </Center>
    ) : (
      failed
    );
  }
}

function Failed({ onBack }: { onBack: () => void }) {
  const goBack = () => {
    goTo({ view: 'documents', documentId: null });
    onBack();
  };
  const actions = (
    <Group gap="sm" justify="center">
      <Button onClick={goBack}>Go to documents</Button>
      <Button
        variant="default"
        leftSection={<IconReload size={16} aria-hidden />}
        onClick={() => window.location.reload()}
      >
        Load again
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
        The page received something that it cannot read. Your documents are not affected. Go to your
        documents, or load the page again. If the problem persists, contact your administrator.
      </Notice>
    </div>
  );
}
