export interface Segment {
  text: string;
  isMatch: boolean;
}

/** Splits a text at its highlights. Merges overlapping ones and ignores those outside the text. */
export function toSegments(
  text: string,
  highlights: readonly { start: number; end: number }[],
): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  for (const { start, end } of [...highlights].sort((a, b) => a.start - b.start)) {
    const from = Math.max(at, start);
    const to = Math.min(text.length, end);
    if (to <= from) continue;
    if (from > at) segments.push({ text: text.slice(at, from), isMatch: false });
    segments.push({ text: text.slice(from, to), isMatch: true });
    at = to;
  }
  if (at < text.length) segments.push({ text: text.slice(at), isMatch: false });
  return segments;
}
