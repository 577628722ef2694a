import { Stack, Text, Timeline, Title } from '@mantine/core';
import type { DocumentDetailsQuery } from '../gql/graphql.js';
import { formatDateTime } from '../ui/format.js';

type Events = NonNullable<DocumentDetailsQuery['document']>['events'];

/** Shows the history of a document, oldest event first. */
export function EventHistory({ events }: { events: Events }) {
  return (
    <Stack gap="md" component="section" aria-label="History">
      <Title order={3} size="h5">
        History
      </Title>
      <Timeline active={events.length - 1} bulletSize={14} lineWidth={2}>
        {events.map(({ seq, message, occurredAt, error }) => (
          <Timeline.Item
            key={seq}
            data-testid="history-event"
            title={
              <Text size="sm" fw={600}>
                {message}
              </Text>
            }
            color={error ? 'orange' : 'tide'}
          >
            {error && (
              <Text size="xs" c="dimmed" className="wrap-anywhere">
                {error.message}
              </Text>
            )}
            <Text size="xs" c="dimmed" className="tabular">
              {formatDateTime(occurredAt)}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Stack>
  );
}
