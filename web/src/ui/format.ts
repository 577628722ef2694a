const UNITS = ['B', 'kB', 'MB', 'GB'] as const;

export function formatBytes(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  const maximumFractionDigits = power === 0 || value >= 100 ? 0 : 1;
  return `${value.toLocaleString('en', { maximumFractionDigits })} ${UNITS[power]}`;
}

/** Formats a limit in MiB, the unit in which limits are set: 100 MiB would read as 105 MB. */
export const formatLimit = (bytes: number): string =>
  `${(bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 1 })}\u00a0MiB`;

export function formatDuration(ms: number): string {
  if (ms < 50) return 'under 0.1 s';
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

const DATE_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Returns a text that is not a time unchanged. */
export const formatDateTime = (iso: string): string =>
  Number.isNaN(Date.parse(iso)) ? iso : DATE_TIME.format(new Date(iso));

const AGO = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const STEPS: readonly [
  limitSeconds: number,
  unitSeconds: number,
  unit: Intl.RelativeTimeFormatUnit,
][] = [
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [86_400 * 14, 86_400, 'day'],
];

export function formatAgo(iso: string, nowMs: number): string {
  const seconds = Math.round((Date.parse(iso) - nowMs) / 1000);
  if (Math.abs(seconds) < 45) return seconds > 0 ? 'in a moment' : 'just now';
  const step = STEPS.find(([limitSeconds]) => Math.abs(seconds) < limitSeconds);
  if (!step) return new Date(iso).toLocaleDateString(undefined, { dateStyle: 'medium' });
  return AGO.format(Math.round(seconds / step[1]), step[2]);
}

const FORMAT_LABELS: readonly [RegExp, string][] = [
  [/pdf/, 'PDF'],
  [/wordprocessingml|msword/, 'Word'],
  [/presentationml|powerpoint/, 'Slides'],
  [/spreadsheetml|excel/, 'Sheet'],
  [/opendocument\.text/, 'ODT'],
  [/markdown/, 'Markdown'],
  [/html/, 'HTML'],
  [/csv/, 'CSV'],
  [/json/, 'JSON'],
  [/^text\//, 'Text'],
];

export const formatMimeType = (mimeType: string): string =>
  FORMAT_LABELS.find(([pattern]) => pattern.test(mimeType))?.[1] ?? mimeType;
