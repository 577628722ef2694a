import { Button, Group, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { PAGE_SIZE } from './list-position.js';

interface PagerProps {
  /** From 0. */
  pageIndex: number;
  rowCount: number;
  totalCount: number;
  hasNext: boolean;
  onPrevious: () => void;
  onNext: () => void;
}

export function Pager({
  pageIndex,
  rowCount,
  totalCount,
  hasNext,
  onPrevious,
  onNext,
}: PagerProps) {
  if (pageIndex === 0 && !hasNext) return null;
  const first = pageIndex * PAGE_SIZE + 1;
  return (
    <Group component="nav" aria-label="Pages" justify="space-between" gap="xs">
      <Text size="sm" c="dimmed" className="tabular">
        {first.toLocaleString('en')}–{(first + rowCount - 1).toLocaleString('en')} of{' '}
        {totalCount.toLocaleString('en')}
      </Text>
      <Group gap="xs">
        <Button
          variant="default"
          size="sm"
          leftSection={<IconChevronLeft size={16} aria-hidden />}
          disabled={pageIndex === 0}
          onClick={onPrevious}
        >
          Newer
        </Button>
        <Button
          variant="default"
          size="sm"
          rightSection={<IconChevronRight size={16} aria-hidden />}
          disabled={!hasNext}
          onClick={onNext}
        >
          Older
        </Button>
      </Group>
    </Group>
  );
}
