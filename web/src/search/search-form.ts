import { useState } from 'react';
import type { SearchMode } from '../gql/graphql.js';

export const SEARCH_MODES: readonly { value: SearchMode; label: string; hint: string }[] = [
  { value: 'HYBRID', label: 'Hybrid', hint: 'By meaning and words together; start with this.' },
  { value: 'SEMANTIC', label: 'Semantic', hint: 'By meaning, even if the words differ.' },
  { value: 'KEYWORD', label: 'Keyword', hint: 'By the exact words: names, numbers, codes.' },
];

export const isSearchMode = (value: string): value is SearchMode =>
  SEARCH_MODES.some((mode) => mode.value === value);

export interface SearchForm {
  text: string;
  mode: SearchMode;
  /** The query that was submitted last; null before the first one. */
  query: string | null;
  setText: (text: string) => void;
  setMode: (mode: SearchMode) => void;
  submit: () => void;
}

export function useSearchForm(): SearchForm {
  const [text, setText] = useState('');
  const [mode, setMode] = useState<SearchMode>('HYBRID');
  const [query, setQuery] = useState<string | null>(null);
  return {
    text,
    mode,
    query,
    setText,
    setMode,
    submit: () => setQuery(text.trim() === '' ? null : text.trim()),
  };
}
