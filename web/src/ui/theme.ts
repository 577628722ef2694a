import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const tide: MantineColorsTuple = [
  '#e9f8f8',
  '#d3eeee',
  '#a7dddd',
  '#74c9ca',
  '#4bb5b8',
  '#2b9da2',
  '#178489',
  '#0f6e74',
  '#0d5a5f',
  '#0a464a',
];

/**
 * Mantine's greys are neutral; these lean towards the brand. By its own order: 0 is text, 7 the
 * ground of dialogs, 6 that of inputs.
 */
const dark: MantineColorsTuple = [
  '#cdd4db',
  '#b4bdc6',
  '#8f99a3',
  '#69737d',
  '#3d454d',
  '#323940',
  '#272d33',
  '#1b1f23',
  '#161a1d',
  '#101315',
];

const FONT =
  "'Inter Variable', ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

export const theme = createTheme({
  primaryColor: 'tide',
  primaryShade: { light: 7, dark: 7 },
  colors: { tide, dark },
  fontFamily: FONT,
  headings: { fontFamily: FONT, fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
});

/**
 * Text on a soft ground of its own colour: [ground, text] for both schemes, each pair with a
 * contrast of at least 4.5.
 */
const SOFT_COLORS: Readonly<
  Record<string, { light: readonly [string, string]; dark: readonly [string, string] }>
> = {
  tide: { light: ['#e2f3f3', '#0d5a5f'], dark: ['#173638', '#86d8da'] },
  teal: { light: ['#def5ec', '#0b5f48'], dark: ['#143a2f', '#7fe0bf'] },
  blue: { light: ['#e4f0fd', '#17508f'], dark: ['#18324f', '#93c6fb'] },
  indigo: { light: ['#e8ecfd', '#33449f'], dark: ['#252e57', '#b3c0fb'] },
  orange: { light: ['#fdf0e2', '#853a08'], dark: ['#40290f', '#f8bd7c'] },
  red: { light: ['#fdebea', '#9c1f1c'], dark: ['#451f1f', '#ffa8a3'] },
  gray: { light: ['#eef1f4', '#47515c'], dark: ['#2a3036', '#c0c8d0'] },
};

const softVariables = (scheme: 'light' | 'dark') =>
  Object.fromEntries(
    Object.entries(SOFT_COLORS).flatMap(
      ([
        color,
        {
          [scheme]: [ground, text],
        },
      ]) => [
        [`--mantine-color-${color}-light`, ground],
        [`--mantine-color-${color}-light-color`, text],
      ],
    ),
  );

/**
 * Mantine's own dimmed, error and placeholder colours stay below the contrast of 4.5 that small
 * text needs.
 */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    ...softVariables('light'),
    '--mantine-color-dimmed': '#5b6570',
    '--mantine-color-error': '#b92525',
    '--mantine-color-placeholder': '#68727d',
    '--page-background': '#f6f8f9',
    '--page-surface': '#ffffff',
    '--page-line': '#e1e6ea',
    '--page-mark': '#d3f3e8',
  },
  dark: {
    ...softVariables('dark'),
    '--mantine-color-dimmed': '#a2abb4',
    '--mantine-color-error': '#ff9a95',
    '--mantine-color-placeholder': '#8f98a1',
    '--page-background': '#14171a',
    '--page-surface': '#1b1f23',
    '--page-line': '#2e343a',
    '--page-mark': '#155e56',
  },
});
