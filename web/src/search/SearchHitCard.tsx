import { ActionIcon, Anchor, Badge, Group, Paper, Text, Tooltip } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import type { DocumentActions } from '../documents/use-document-actions.js';
import type { SearchPassagesQuery } from '../gql/graphql.js';
import { toHash } from '../ui/route.js';
import { Passage } from './Passage.js';
import classes from './search.module.css';

type Hit = SearchPassagesQuery['search'][number];

export function SearchHitCard({ hit, actions }: { hit: Hit; actions: DocumentActions }) {
  const { document, page, score, text, highlights } = hit;
  return (
    <Paper
      component="article"
      withBorder
      radius="lg"
      className={classes['hit'] ?? ''}
      data-testid="hit"
    >
      <Group justify="space-between" wrap="nowrap" align="start" gap="sm">
        <Group gap="xs" className={classes['source'] ?? ''}>
          <Anchor
            href={toHash({ view: 'search', documentId: document.id })}
            fw={600}
            className="wrap-anywhere"
          >
            {document.filename}
          </Anchor>
          {page !== null && (
            <Badge variant="default" size="sm" className={classes['page'] ?? ''}>
              Page {page.toLocaleString('en')}
            </Badge>
          )}
        </Group>
        <Group gap={6} wrap="nowrap">
          <Tooltip label="Relevance, compared with the other passages here">
            <Text size="xs" c="dimmed" className="tabular">
              {Math.round(score * 100)} %
            </Text>
          </Tooltip>
          <Tooltip label="Download">
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Download ${document.filename}`}
              onClick={() => actions.save(document)}
            >
              <IconDownload size={18} stroke={1.8} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      <Passage text={text} highlights={highlights} />
    </Paper>
  );
}
