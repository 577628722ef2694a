import { Button, Paper } from '@mantine/core';
import { IconCloudOff, IconFilterOff, IconStack2 } from '@tabler/icons-react';
import { errorHelp } from '../api/error-help.js';
import { toProblem } from '../api/problem.js';
import { Notice } from '../ui/Notice.js';

export function EmptyList({ isFiltered, onReset }: { isFiltered: boolean; onReset: () => void }) {
  if (isFiltered) {
    return (
      <Paper withBorder radius="lg">
        <Notice
          icon={<IconFilterOff size={28} stroke={1.6} />}
          title="Nothing matches"
          color="gray"
          action={
            <Button variant="default" onClick={onReset}>
              Show all documents
            </Button>
          }
        >
          None of your documents has this status and file name.
        </Notice>
      </Paper>
    );
  }
  return (
    <Paper withBorder radius="lg">
      <Notice icon={<IconStack2 size={28} stroke={1.6} />} title="No documents yet">
        Drop your first files above. Each becomes searchable within moments, and you can watch its
        progress here.
      </Notice>
    </Paper>
  );
}

export function ListError({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { title, action } = errorHelp(toProblem(error).code);
  return (
    <Paper withBorder radius="lg" role="alert">
      <Notice
        icon={<IconCloudOff size={28} stroke={1.6} />}
        title={title}
        color="red"
        action={<Button onClick={onRetry}>Try again</Button>}
      >
        Your documents cannot be shown. {action}
      </Notice>
    </Paper>
  );
}
