import { Button, Text } from '@mantine/core';
import { useState } from 'react';
import type { SearchPassagesQuery } from '../gql/graphql.js';
import { toSegments } from './highlights.js';
import classes from './search.module.css';

type Hit = SearchPassagesQuery['search'][number];

/** Enough to judge a passage, and few enough to scan twenty of them. */
const COLLAPSED_LINES = 5;
const COLLAPSE_OVER_CHARS = 400;

/** Extracted text keeps the empty lines of its page, which mean nothing here. */
const collapseBlankLines = (text: string) =>
  text.replace(/\s+/g, (space) => (space.indexOf('\n') === space.lastIndexOf('\n') ? space : '\n'));

export function Passage({ text, highlights }: Pick<Hit, 'text' | 'highlights'>) {
  const [isWhole, setIsWhole] = useState(text.length <= COLLAPSE_OVER_CHARS);
  return (
    <>
      <Text
        className={classes['passage'] ?? ''}
        {...(isWhole ? {} : { lineClamp: COLLAPSED_LINES })}
      >
        {toSegments(text, highlights).map(({ text: segment, isMatch }, index) =>
          isMatch ? <mark key={index}>{segment}</mark> : collapseBlankLines(segment),
        )}
      </Text>
      {text.length > COLLAPSE_OVER_CHARS && (
        <Button
          variant="subtle"
          size="compact-sm"
          mt={4}
          ml={-8}
          aria-expanded={isWhole}
          onClick={() => setIsWhole(!isWhole)}
        >
          {isWhole ? 'Show less' : 'Show the whole passage'}
        </Button>
      )}
    </>
  );
}
