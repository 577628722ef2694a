import { Alert, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { cureOfRow } from '../api/error-help.js';
import { isTerminal, type DocumentRow } from './document-row.js';

/**
 * The last failure with its cure; of a document that waits for its next try it is a warning only.
 */
export function ErrorNote({ row }: { row: DocumentRow }) {
  const { error, status } = row;
  if (error === null || status === 'COMPLETED') return null;
  const isOver = isTerminal(status);
  const { title, cure } = cureOfRow(error, isOver);
  const tries =
    row.attempt !== null && row.maxAttempts !== null && !isOver
      ? ` Try ${row.attempt} of ${row.maxAttempts} failed.`
      : '';
  return (
    <Alert
      variant="light"
      color={isOver ? 'red' : 'orange'}
      icon={<IconAlertTriangle size={18} aria-hidden />}
      title={title}
      p="sm"
      data-testid="error-note"
      data-code={error.code ?? ''}
    >
      <Text size="sm" className="wrap-anywhere">
        {cure === '' ? error.message : cure}
        {tries}
      </Text>
      {cure !== '' && (
        <Text size="xs" c="dimmed" mt={4} className="wrap-anywhere">
          {error.message}
        </Text>
      )}
    </Alert>
  );
}
