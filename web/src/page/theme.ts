import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const tide: MantineColorsTuple = ['#e9f8f8', '#d3eeee', '#a7dddd', '#74c9ca', '#4bb5b8', '#2b9da2', '#178489', '#0f6e74', '#0d5a5f', '#0a464a'];

const FONT = "'Inter Variable', ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

export const theme = createTheme({
  primaryColor: 'tide',
  primaryShade: { light: 7, dark: 7 },
  colors: { tide },
  fontFamily: FONT,
  headings: { fontFamily: FONT, fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

/** Mantine's own dimmed and error colours stay below the contrast of 4.5 that small text needs. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: { '--mantine-color-dimmed': '#5b6570', '--mantine-color-error': '#c02a2a', '--mantine-color-placeholder': '#68727d', '--page-background': '#f6f8f9', '--page-surface': '#ffffff', '--page-line': '#e1e6ea', '--page-mark': '#d5f2e9' },
  dark: { '--mantine-color-dimmed': '#a2abb4', '--mantine-color-error': '#ff8787', '--mantine-color-placeholder': '#8f98a1', '--page-background': '#15181b', '--page-surface': '#1c2024', '--page-line': '#30363c', '--page-mark': '#155e56' },
});
