export interface Segment {
  text: string;
  isMatch: boolean;
}

/**
 * The text cut at its highlights; those that overlap are one, and what lies outside the text is
 * none.
 */
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
