import { Button, Group, SegmentedControl, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import type { FormEvent } from 'react';
import { isSearchMode, SEARCH_MODES, type SearchForm } from './search-form.js';
import classes from './search.module.css';

const MAX_QUERY_LENGTH = 2_000;

export function SearchBox({ form }: { form: SearchForm }) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    form.submit();
  };
  return (
    <form role="search" onSubmit={submit} className={classes['form']}>
      <div className={classes['box']}>
        <TextInput
          size="md"
          className={classes['input'] ?? ''}
          aria-label="What are you looking for?"
          placeholder="What are you looking for?"
          leftSection={<IconSearch size={18} aria-hidden />}
          type="search"
          enterKeyHint="search"
          maxLength={MAX_QUERY_LENGTH}
          value={form.text}
          onChange={(event) => form.setText(event.currentTarget.value)}
        />
        <Button type="submit" size="md">
          Search
        </Button>
      </div>
      <Group gap="sm">
        <SegmentedControl
          aria-label="Search mode"
          size="sm"
          data={SEARCH_MODES.map(({ value, label }) => ({ value, label }))}
          value={form.mode}
          onChange={(mode) => isSearchMode(mode) && form.setMode(mode)}
        />
        <Text size="sm" c="dimmed">
          {SEARCH_MODES.find(({ value }) => value === form.mode)?.hint}
        </Text>
      </Group>
    </form>
  );
}
