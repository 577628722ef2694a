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
 * Greys with a tint of the brand colour, in Mantine's order: 0 is text, 6 the background of inputs,
 * 7 the background of dialogs.
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
 * The pairs [background, text] of Mantine's `light` variant for both colour schemes. Each pair has
 * a contrast of at least 4.5.
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

function softVariables(scheme: 'light' | 'dark'): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [color, pairs] of Object.entries(SOFT_COLORS)) {
    const [background, text] = pairs[scheme];
    variables[`--mantine-color-${color}-light`] = background;
    variables[`--mantine-color-${color}-light-color`] = text;
  }
  return variables;
}

/**
 * Replaces Mantine's dimmed, error and placeholder colours: their contrast is below the 4.5 that
 * small text needs.
 */
const CSS_VARIABLES: ReturnType<CSSVariablesResolver> = {
  variables: {},
  light: {
    ...softVariables('light'),
    '--mantine-color-dimmed': '#5b6570',
    '--mantine-color-error': '#b92525',
    '--mantine-color-placeholder': '#68727d',
    '--page-background': '#f6f8f9',
    '--page-surface': '#ffffff',
    '--page-border': '#e1e6ea',
    '--page-highlight': '#d3f3e8',
  },
  dark: {
    ...softVariables('dark'),
    '--mantine-color-dimmed': '#a2abb4',
    '--mantine-color-error': '#ff9a95',
    '--mantine-color-placeholder': '#8f98a1',
    '--page-background': '#14171a',
    '--page-surface': '#1b1f23',
    '--page-border': '#2e343a',
    '--page-highlight': '#155e56',
  },
};

export const cssVariablesResolver: CSSVariablesResolver = () => CSS_VARIABLES;
