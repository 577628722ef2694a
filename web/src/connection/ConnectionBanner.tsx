import { Alert, Button, Group, Text } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import type { Connection } from './connection.js';
import { useConnectionDescription } from './use-connection-description.js';

export function ConnectionBanner({ connection }: { connection: Connection }) {
  const { sentence } = useConnectionDescription(connection);
  if (sentence === null) return null;
  return (
    <Alert
      color="orange"
      variant="light"
      icon={<IconPlugConnectedX aria-hidden />}
      role="status"
      // The sentence counts seconds, and a screen reader would announce each of them.
      aria-live="off"
      data-testid="connection-banner"
    >
      <Group justify="space-between" gap="sm">
        <Text size="sm" className="tabular">
          {sentence}
        </Text>
        <Button size="xs" variant="default" onClick={connection.retryNow}>
          Try now
        </Button>
      </Group>
    </Alert>
  );
}
