import { useState } from 'react';
import type { SearchMode } from '../gql/graphql.js';

export const SEARCH_MODES: readonly { value: SearchMode; label: string; hint: string }[] = [
  { value: 'HYBRID', label: 'Hybrid', hint: 'Meaning and words together: the best start.' },
  { value: 'SEMANTIC', label: 'Semantic', hint: 'By meaning, also where the words differ.' },
  { value: 'KEYWORD', label: 'Keyword', hint: 'By the very words: names, numbers, codes.' },
];

export const isSearchMode = (value: string): value is SearchMode =>
  SEARCH_MODES.some((mode) => mode.value === value);

export interface SearchForm {
  text: string;
  mode: SearchMode;
  /** What was asked last; null before the first question. */
  asked: string | null;
  type: (text: string) => void;
  choose: (mode: SearchMode) => void;
  ask: () => void;
}

/** Kept above the view, so that a look at the list does not lose the question. */
export function useSearchForm(): SearchForm {
  const [text, type] = useState('');
  const [mode, choose] = useState<SearchMode>('HYBRID');
  const [asked, setAsked] = useState<string | null>(null);
  return {
    text,
    mode,
    asked,
    type,
    choose,
    ask: () => setAsked(text.trim() === '' ? null : text.trim()),
  };
}
