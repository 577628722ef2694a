import { Badge } from '@mantine/core';
import type { Connection } from './connection.js';
import classes from './connection.module.css';
import { useConnectionDescription } from './use-connection-description.js';

const COLOR = { ok: 'teal', busy: 'gray', down: 'orange' } as const;

export function ConnectionBadge({ connection }: { connection: Connection }) {
  const { label, tone } = useConnectionDescription(connection);
  return (
    <Badge
      variant="light"
      color={COLOR[tone]}
      size="lg"
      radius="xl"
      className={classes['badge']}
      leftSection={<span className={classes['dot']} data-tone={tone} />}
      data-testid="connection"
      data-tone={tone}
    >
      {label}
    </Badge>
  );
}
