import { useApolloClient } from '@apollo/client/react';
import { Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { notifyProblem } from '../api/notify-problem.js';
import type { NewestDocuments } from '../apollo/newest-documents.js';
import type { Identity } from '../sign-in/identity.js';
import { DIALOG_HEADER } from '../ui/dialog-header.js';
import { notifySuccess } from '../ui/notify.js';
import { DeleteDocument } from './operations.js';
import { saveFile } from './save-file.js';

export interface NamedDocument {
  id: string;
  filename: string;
}

export interface DocumentActions {
  save: (document: NamedDocument) => void;
  confirmDelete: (document: NamedDocument, onDeleted?: () => void) => void;
}

export function useDocumentActions(
  identity: Identity,
  documents: NewestDocuments,
): DocumentActions {
  const client = useApolloClient();

  const remove = async ({ id, filename }: NamedDocument) => {
    await client.mutate({ mutation: DeleteDocument, variables: { id } });
    documents.forget(id);
    notifySuccess(`“${filename}” was deleted.`);
    await client.refetchQueries({ include: ['DocumentsPage', 'DocumentCounts'] });
  };

  return {
    save: (document) => void saveFile(identity, document).catch(notifyProblem),
    confirmDelete: (document, onDeleted) =>
      modals.openConfirmModal({
        title: 'Delete this document?',
        centered: true,
        attributes: DIALOG_HEADER,
        children: (
          <Text size="sm" className="wrap-anywhere">
            <b>{document.filename}</b>, its passages and its file are deleted permanently. Searches
            no longer find it.
          </Text>
        ),
        labels: { confirm: 'Delete', cancel: 'Keep it' },
        confirmProps: { color: 'red.8' },
        closeButtonProps: { 'aria-label': 'Close' },
        onConfirm: () => void remove(document).then(onDeleted, notifyProblem),
      }),
  };
}
