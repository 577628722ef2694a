import { useQuery } from '@apollo/client/react';
import { Paper, Skeleton, Stack, Text } from '@mantine/core';
import { IconFileSearch, IconSearchOff } from '@tabler/icons-react';
import { errorHelp } from '../api/error-help.js';
import { toProblem } from '../api/problem.js';
import type { DocumentActions } from '../documents/use-document-actions.js';
import { Notice } from '../ui/Notice.js';
import { SearchPassages } from './operations.js';
import type { SearchForm } from './search-form.js';
import { SearchBox } from './SearchBox.js';
import { SearchHitCard } from './SearchHitCard.js';

const MAX_HITS = 20;

interface SearchViewProps {
  form: SearchForm;
  actions: DocumentActions;
}

export function SearchView({ form, actions }: SearchViewProps) {
  return (
    <Stack gap="md">
      <SearchBox form={form} />
      {form.query === null ? (
        <Introduction />
      ) : (
        <Hits query={form.query} form={form} actions={actions} />
      )}
    </Stack>
  );
}

function Introduction() {
  return (
    <Paper withBorder radius="lg">
      <Notice icon={<IconFileSearch size={28} stroke={1.6} />} title="Ask your documents">
        Write a question or a few words. You get the passages that answer it, with their page and
        their file.
      </Notice>
    </Paper>
  );
}

function Hits({ query, form, actions }: SearchViewProps & { query: string }) {
  const { data, error, loading } = useQuery(SearchPassages, {
    variables: { query, mode: form.mode, first: MAX_HITS },
    // The documents may have changed since an earlier response to the same query.
    fetchPolicy: 'cache-and-network',
  });
  if (error && !data) return <SearchError error={error} />;
  if (!data) return <HitsSkeleton />;
  const hits = data.search;
  if (hits.length === 0 && loading) return <HitsSkeleton />;
  if (hits.length === 0) {
    return (
      <Paper withBorder radius="lg" role="status">
        <Notice
          icon={<IconSearchOff size={28} stroke={1.6} />}
          title="No passage found"
          color="gray"
        >
          Try other words, or another search mode. Documents that are in progress are found once
          they are completed.
        </Notice>
      </Paper>
    );
  }
  return (
    <Stack gap="sm" aria-busy={loading} data-testid="hits">
      <Text size="sm" c="dimmed" role="status" className="tabular">
        {hits.length === 1 ? 'One passage' : `${hits.length} passages`}, the best first
      </Text>
      {hits.map((hit) => (
        <SearchHitCard key={`${hit.document.id}:${hit.chunkIndex}`} hit={hit} actions={actions} />
      ))}
    </Stack>
  );
}

function SearchError({ error }: { error: unknown }) {
  const { title, action } = errorHelp(toProblem(error).code);
  return (
    <Paper withBorder radius="lg" role="alert">
      <Notice icon={<IconSearchOff size={28} stroke={1.6} />} title={title} color="red">
        {action}
      </Notice>
    </Paper>
  );
}

function HitsSkeleton() {
  return (
    <Stack gap="sm" role="status" aria-label="Searching">
      <Skeleton height={20} width={140} />
      <Skeleton height={120} radius="lg" />
      <Skeleton height={120} radius="lg" />
    </Stack>
  );
}
