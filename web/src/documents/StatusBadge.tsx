import { Badge } from '@mantine/core';
import {
  IconCircleCheck,
  IconCircleMinus,
  IconCircleX,
  IconClock,
  IconHelpCircle,
  IconLoader2,
} from '@tabler/icons-react';
import type { RowStatus } from './document-row.js';
import classes from './documents.module.css';

const APPEARANCE = {
  PENDING: { label: 'Waiting', color: 'gray', Icon: IconClock },
  EXTRACTING: { label: 'Extracting', color: 'blue', Icon: IconLoader2 },
  VECTORIZING: { label: 'Vectorizing', color: 'indigo', Icon: IconLoader2 },
  PROCESSING: { label: 'Processing', color: 'blue', Icon: IconLoader2 },
  COMPLETED: { label: 'Completed', color: 'teal', Icon: IconCircleCheck },
  FAILED: { label: 'Failed', color: 'red', Icon: IconCircleX },
  CANCELLED: { label: 'Cancelled', color: 'gray', Icon: IconCircleMinus },
} as const satisfies Record<RowStatus, unknown>;

/** A status that only a newer server knows is shown by its name. */
function appearanceOf(status: RowStatus) {
  return Object.hasOwn(APPEARANCE, status)
    ? APPEARANCE[status]
    : { label: String(status), color: 'gray', Icon: IconHelpCircle };
}

export const statusLabel = (status: RowStatus): string => appearanceOf(status).label;

export function StatusBadge({ status }: { status: RowStatus }) {
  const { label, color, Icon } = appearanceOf(status);
  return (
    <Badge
      variant="light"
      color={color}
      size="md"
      className={classes['badge']}
      data-status={status}
      leftSection={
        <Icon
          size={14}
          stroke={2.2}
          aria-hidden
          className={Icon === IconLoader2 ? classes['spin'] : undefined}
        />
      }
    >
      {label}
    </Badge>
  );
}
