import { useQuery } from '@apollo/client/react';
import { Button, Drawer, Group, Skeleton, Stack, Title } from '@mantine/core';
import { IconDownload, IconFileOff, IconTrash } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { DocumentDetailsQuery } from '../gql/graphql.js';
import { DIALOG_HEADER } from '../ui/dialog-header.js';
import { ErrorBoundary } from '../ui/ErrorBoundary.js';
import { Notice } from '../ui/Notice.js';
import { useNow } from '../ui/use-now.js';
import { isTerminal, toRow } from './document-row.js';
import { DocumentFacts } from './DocumentFacts.js';
import { ListError } from './EmptyList.js';
import { ErrorNote } from './ErrorNote.js';
import { EventHistory } from './EventHistory.js';
import { DocumentDetails } from './operations.js';
import { createRefresher } from './refresher.js';
import { StageProgress } from './StageProgress.js';
import { StatusBadge } from './StatusBadge.js';
import type { DocumentActions } from './use-document-actions.js';
import type { DocumentWatch } from './watch-documents.js';

interface DocumentDrawerProps {
  documentId: string | null;
  watch: DocumentWatch;
  actions: DocumentActions;
  onClose: () => void;
}

export function DocumentDrawer({ documentId, watch, actions, onClose }: DocumentDrawerProps) {
  return (
    <Drawer
      opened={documentId !== null}
      onClose={onClose}
      position="right"
      size="lg"
      title="Document"
      attributes={DIALOG_HEADER}
      closeButtonProps={{ 'aria-label': 'Close the details' }}
      data-testid="details"
    >
      {documentId !== null && (
        <ErrorBoundary resetKey={documentId}>
          <Details
            key={documentId}
            id={documentId}
            watch={watch}
            actions={actions}
            onClose={onClose}
          />
        </ErrorBoundary>
      )}
    </Drawer>
  );
}

interface DetailsProps extends Omit<DocumentDrawerProps, 'documentId'> {
  id: string;
}

function Details({ id, watch, actions, onClose }: DetailsProps) {
  const { data, error, retry } = useDocumentDetails(id, watch);
  if (!data && error) return <ListError error={error} onRetry={retry} />;
  if (!data)
    return <Skeleton height={220} radius="md" role="status" aria-label="Loading the document" />;
  if (!data.document) {
    return (
      <Notice
        icon={<IconFileOff size={28} stroke={1.6} />}
        title="The document does not exist"
        color="gray"
      >
        It was deleted, or it belongs to another user.
      </Notice>
    );
  }
  return <LoadedDetails document={data.document} actions={actions} onClose={onClose} />;
}

function useDocumentDetails(id: string, watch: DocumentWatch) {
  const { data, previousData, error, refetch } = useQuery(DocumentDetails, {
    variables: { id },
    fetchPolicy: 'cache-and-network',
  });

  useEffect(() => {
    const refresher = createRefresher(() => refetch());
    const stop = watch.onEvent(({ documentId, kind }) => {
      // Events update the status in the cache, but not the history.
      if (documentId === id && kind !== 'PROGRESS') refresher.request();
    });
    return () => {
      stop();
      refresher.stop();
    };
  }, [watch, refetch, id]);

  return {
    data: data ?? previousData,
    error,
    retry: () => void refetch().catch(() => undefined),
  };
}

interface LoadedDetailsProps {
  document: NonNullable<DocumentDetailsQuery['document']>;
  actions: DocumentActions;
  onClose: () => void;
}

function LoadedDetails({ document, actions, onClose }: LoadedDetailsProps) {
  const nowMs = useNow(true);
  const row = toRow(document);
  return (
    <Stack gap="lg">
      <Stack gap="xs">
        <Title order={2} size="h3" className="wrap-anywhere">
          {document.filename}
        </Title>
        <Group>
          <StatusBadge status={row.status} />
        </Group>
        {!isTerminal(row.status) && <StageProgress row={row} nowMs={nowMs} />}
        <ErrorNote row={row} />
      </Stack>
      <Group gap="sm">
        <Button
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => actions.save(document)}
        >
          Download
        </Button>
        <Button
          variant="default"
          leftSection={<IconTrash size={16} aria-hidden />}
          onClick={() => actions.confirmDelete(document, onClose)}
        >
          Delete
        </Button>
      </Group>
      <DocumentFacts document={document} row={row} nowMs={nowMs} />
      <EventHistory events={document.events} />
    </Stack>
  );
}
