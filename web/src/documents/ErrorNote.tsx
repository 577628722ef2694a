import { Alert, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { isTerminal, rowErrorHelp, type DocumentRow } from './document-row.js';

/** Shows the last failure as an error, or as a warning while the document waits for a retry. */
export function ErrorNote({ row }: { row: DocumentRow }) {
  const { error, status } = row;
  if (error === null || status === 'COMPLETED') return null;
  const isFinal = isTerminal(status);
  const { title, action } = rowErrorHelp(error, isFinal);
  const attempts =
    row.attempt !== null && row.maxAttempts !== null && !isFinal
      ? ` Attempt ${row.attempt} of ${row.maxAttempts} failed.`
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
        {attempts}
      </Text>
      {action !== '' && (
        <Text size="xs" c="dimmed" mt={4} className="wrap-anywhere">
          {error.message}
        </Text>
      )}
    </Alert>
  );
}
