import { Chip, CloseButton, Group, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconFilter } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import classes from './controls.module.css';
import {
  GROUPS,
  isGroup,
  type Group as StatusGroup,
  type GroupCounts,
  type ListFilter,
} from './filter.js';

interface ListControlsProps {
  filter: ListFilter;
  counts: GroupCounts | null;
  onChange: (filter: ListFilter) => void;
}

export function ListControls({ filter, counts, onChange }: ListControlsProps) {
  return (
    <div className={classes['controls']}>
      <Chip.Group
        multiple={false}
        value={filter.group}
        onChange={(group) => isGroup(group) && onChange({ ...filter, group })}
      >
        <Group gap={6} role="radiogroup" aria-label="Status">
          {Object.keys(GROUPS)
            .filter(isGroup)
            .map((group) => (
              <GroupChip key={group} group={group} count={counts?.[group] ?? null} />
            ))}
        </Group>
      </Chip.Group>
      <NameFilter filter={filter} onChange={onChange} />
    </div>
  );
}

function GroupChip({ group, count }: { group: StatusGroup; count: number | null }) {
  return (
    <Chip value={group} size="sm" radius="xl" variant="light" data-testid={`group-${group}`}>
      {GROUPS[group].label}
      {count !== null && <span className={classes['count']}>{count.toLocaleString('en')}</span>}
    </Chip>
  );
}

/** Applies the filter when a person pauses typing, not at every letter. */
function NameFilter({ filter, onChange }: Pick<ListControlsProps, 'filter' | 'onChange'>) {
  const [text, setText] = useState(filter.filename);
  useEffect(() => setText(filter.filename), [filter.filename]);
  const apply = useDebouncedCallback((filename: string) => onChange({ ...filter, filename }), 250);
  const change = (filename: string) => {
    setText(filename);
    apply(filename);
  };
  return (
    <TextInput
      className={classes['name'] ?? ''}
      aria-label="Filter by file name"
      placeholder="Filter by file name"
      leftSection={<IconFilter size={16} aria-hidden />}
      rightSection={
        text === '' ? null : (
          <CloseButton size="sm" aria-label="Clear the file name" onClick={() => change('')} />
        )
      }
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
    />
  );
}
