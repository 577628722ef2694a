/**
 * A PDF knows where letters stand, not which belong to one paragraph. Lines that run to the right
 * edge, at the usual distance and in one size, were broken by the layout and are one paragraph
 * again: a phrase is found although it was set on two lines, and a passage is not cut within a
 * sentence.
 */
import type { PDFPageProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';

type TextContent = Awaited<ReturnType<PDFPageProxy['getTextContent']>>;
export type TextItem = Extract<TextContent['items'][number], { str: string }>;

interface Line {
  text: string;
  left: number;
  right: number;
  /** Of the base line, upwards from the foot of the page. */
  y: number;
  height: number;
}

/** Of the distance of two lines: more is the start of a paragraph. */
const PARAGRAPH_DISTANCE = 1.35;
/** Of the width of the text: so much may a broken line stay short of the edge. */
const RAGGED = 0.2;
/** Lines before and after that show where the edge of this column is. */
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

/** None for a line without words. */
function toLine(items: readonly TextItem[]): Line[] {
  const inked = items.filter(({ str }) => str.trim() !== '');
  const positions = inked.map((item) => ({
    left: position(item, 4),
    right: position(item, 4) + item.width,
  }));
  const [first] = inked;
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

/** 4 is across, 5 is up. */
export function position(item: TextItem, index: 4 | 5): number {
  return Number(item.transform[index] ?? 0);
}

/** The median: titles and gaps are the exceptions on a page. */
function usualDistance(lines: readonly Line[]): number {
  const distances = lines.slice(1).map((line, index) => (lines[index]?.y ?? 0) - line.y);
  const down = distances.filter((distance) => distance > 0).sort((a, b) => a - b);
  return down[Math.floor(down.length / 2)] ?? 0;
}

function isNewParagraph(line: Line, next: Line, usual: number): boolean {
  return line.y - next.y > usual * PARAGRAPH_DISTANCE || Math.abs(line.height - next.height) > 1;
}

function neighbours(lines: readonly Line[], index: number): Line[] {
  return lines.slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS + 1);
}

/** Measured against the lines that stand above and below it, not against another column. */
function reachesEdge(line: Line, around: readonly Line[]): boolean {
  const column = around.filter((other) => other.left < line.right && other.right > line.left);
  const edge = Math.max(...column.map(({ right }) => right));
  const start = Math.min(...column.map(({ left }) => left));
  return line.right >= edge - (edge - start) * RAGGED;
}

/** A word that was cut at the end of the line is one word again; a name with a hyphen keeps it. */
function beforeNext(text: string, next: string): string {
  if (!/\p{L}-$/u.test(text)) return `${text} `;
  return /^\p{Ll}/u.test(next) ? text.slice(0, -1) : text;
}
