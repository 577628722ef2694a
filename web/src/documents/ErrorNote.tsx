import { Alert, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { rowErrorHelp } from '../api/error-help.js';
import { isTerminal, type DocumentRow } from './document-row.js';

/**
 * The last failure with its cure; of a document that waits for its next try it is a warning only.
 */
export function ErrorNote({ row }: { row: DocumentRow }) {
  const { error, status } = row;
  if (error === null || status === 'COMPLETED') return null;
  const isFinal = isTerminal(status);
  const { title, action } = rowErrorHelp(error, isFinal);
  const tries =
    row.attempt !== null && row.maxAttempts !== null && !isFinal
      ? ` Try ${row.attempt} of ${row.maxAttempts} failed.`
      : '';
  return (
    <Alert
      variant="light"
      color={isFinal ? 'red' : 'orange'}
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title={title}
      p="sm"
      data-testid="error-note"
      data-code={error.code ?? ''}
    >
      <Text size="sm" className="wrap-anywhere">
        {action === '' ? error.message : action}
        {tries}
      </Text>
      {action !== '' && (
        <Text size="xs" c="dimmed" mt={4} className="wrap-anywhere">
          {error.message}
        </Text>
      )}
    </Alert>
  );
}
