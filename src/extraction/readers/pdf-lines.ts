/**
 * Joins the lines of a page to paragraphs. A PDF holds the positions of letters, not the
 * paragraphs. Lines of one size that reach the right edge and have the usual distance were broken
 * by the layout. Joined lines let a search find a phrase that was set on two lines, and keep the
 * chunker from cutting within a sentence.
 */
import type { PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';

type TextContent = Awaited<ReturnType<PDFPageProxy['getTextContent']>>;
export type TextItem = Extract<TextContent['items'][number], { str: string }>;

interface Line {
  text: string;
  left: number;
  right: number;
  /** Height of the base line above the foot of the page. */
  y: number;
  height: number;
}

/** Multiple of the usual line distance. A larger distance starts a paragraph. */
const PARAGRAPH_DISTANCE = 1.35;
/** Share of the column's width by which a broken line may end before the edge. */
const RAGGED = 0.2;
/** How many lines before and after a line determine the edge of its column. */
const NEIGHBOURS = 6;

export function joinLines(items: readonly TextItem[]): string {
  const lines = toLines(items);
  const distance = usualDistance(lines);
  return lines
    .map((line, index) => {
      const next = lines[index + 1];
      if (next === undefined) return line.text;
      if (isNewParagraph(line, next, distance)) return `${line.text}\n\n`;
      const wasBroken = line.y > next.y && reachesEdge(line, neighbours(lines, index));
      return wasBroken ? beforeNext(line.text, next.text) : `${line.text}\n`;
    })
    .join('');
}

function toLines(items: readonly TextItem[]): Line[] {
  const lines: Line[] = [];
  const current: TextItem[] = [];
  for (const item of items) {
    current.push(item);
    if (item.hasEOL) lines.push(...toLine(current.splice(0)));
  }
  return [...lines, ...toLine(current)];
}

/** Returns no line if the items hold no words. */
function toLine(items: readonly TextItem[]): Line[] {
  const visible = items.filter(({ str }) => str.trim() !== '');
  const positions = visible.map((item) => ({
    left: position(item, 4),
    right: position(item, 4) + item.width,
  }));
  const [first] = visible;
  if (first === undefined) return [];
  return [
    {
      text: items
        .map(({ str }) => str)
        .join('')
        .trim(),
      left: positions.reduce((least, { left }) => Math.min(least, left), Infinity),
      right: positions.reduce((most, { right }) => Math.max(most, right), -Infinity),
      y: position(first, 5),
      height: first.height,
    },
  ];
}

/** Index 4 is the horizontal position, 5 the vertical one. */
export function position(item: TextItem, index: 4 | 5): number {
  return Number(item.transform[index] ?? 0);
}

/** Returns the median, which titles and gaps do not change. */
function usualDistance(lines: readonly Line[]): number {
  const distances = lines.slice(1).map((line, index) => (lines[index]?.y ?? 0) - line.y);
  const positive = distances.filter((distance) => distance > 0).sort((a, b) => a - b);
  return positive[Math.floor(positive.length / 2)] ?? 0;
}

function isNewParagraph(line: Line, next: Line, usual: number): boolean {
  return line.y - next.y > usual * PARAGRAPH_DISTANCE || Math.abs(line.height - next.height) > 1;
}

function neighbours(lines: readonly Line[], index: number): Line[] {
  return lines.slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS + 1);
}

/** Compares a line with the lines above and below it, not with those of another column. */
function reachesEdge(line: Line, around: readonly Line[]): boolean {
  const column = around.filter((other) => other.left < line.right && other.right > line.left);
  const edge = Math.max(...column.map(({ right }) => right));
  const start = Math.min(...column.map(({ left }) => left));
  return line.right >= edge - (edge - start) * RAGGED;
}

/** Joins a hyphenated word. A hyphen before a capital letter stays: it belongs to a name. */
function beforeNext(text: string, next: string): string {
  if (!/\p{L}-$/u.test(text)) return `${text} `;
  return /^\p{Ll}/u.test(next) ? text.slice(0, -1) : text;
}
