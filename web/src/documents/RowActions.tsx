import { ActionIcon, Group, Tooltip } from '@mantine/core';
import { IconDownload, IconTrash } from '@tabler/icons-react';
import type { NamedDocument } from './use-document-actions.js';

interface RowActionsProps {
  document: NamedDocument;
  onSave: (document: NamedDocument) => void;
  /** Null if the protocol cannot delete. */
  onDelete: ((document: NamedDocument) => void) | null;
}

export function RowActions({ document, onSave, onDelete }: RowActionsProps) {
  return (
    <Group gap={4} wrap="nowrap">
      <Tooltip label="Download">
        <ActionIcon
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={`Download ${document.filename}`}
          onClick={() => onSave(document)}
        >
          <IconDownload size={18} stroke={1.8} aria-hidden />
        </ActionIcon>
      </Tooltip>
      {onDelete && (
        <Tooltip label="Delete">
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={`Delete ${document.filename}`}
            onClick={() => onDelete(document)}
          >
            <IconTrash size={18} stroke={1.8} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
    </Group>
  );
}
