/** Dates of Excel: a number of days. Only the style of a cell shows that the number is a date. */
import { readXml } from './xml.js';
import type { ZipArchive } from './zip-archive.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_TO_1904 = 1462;
/** Built-in number formats of dates, which files do not define. Source: ECMA-376 18.8.30. */
const BUILT_IN_DATE_FORMATS = [14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47];

/** Returns the indexes of the cell styles that show a number as a date. */
export async function readDateStyles(
  zip: ZipArchive,
  part: string | undefined,
): Promise<Set<number>> {
  const styles = new Set<number>();
  if (part === undefined) return styles;
  const dateFormats = new Set(BUILT_IN_DATE_FORMATS);
  let inCellStyles = false;
  let index = 0;
  await readXml(zip.read(part), {
    open: (name, { numFmtId = '', formatCode = '' }) => {
      if (name === 'numFmt' && isDateCode(formatCode)) dateFormats.add(Number(numFmtId));
      if (name === 'cellXfs') inCellStyles = true;
      if (name !== 'xf' || !inCellStyles) return;
      if (dateFormats.has(Number(numFmtId))) styles.add(index);
      index += 1;
    },
    close: (name) => {
      if (name === 'cellXfs') inCellStyles = false;
    },
  });
  return styles;
}

/** Excel accepts format codes of at most 255 characters. */
const MAX_CODE_LENGTH = 255;
const NO_DATE = /"[^"]*"|\\.|\[(?!h{1,9}\]|m{1,9}\]|s{1,9}\])[^[\]]*\]|General/gi;

/**
 * Returns whether a format code has a letter of a date outside of quoted text, escapes, and colours
 * and locales in brackets.
 */
function isDateCode(formatCode: string): boolean {
  return /[dmyhs]/i.test(formatCode.slice(0, MAX_CODE_LENGTH).replace(NO_DATE, ''));
}

/** Returns `2007-07-13`, or `2007-07-13 18:30` with a time of day, or `18:30` below one day. */
export function serialDate(serial: number, startsIn1904: boolean): string {
  const days = startsIn1904 ? serial + DAYS_TO_1904 : serial;
  const date = new Date(Date.UTC(1899, 11, 30) + Math.round((days * DAY_MS) / 60_000) * 60_000);
  if (Number.isNaN(date.getTime())) return String(serial);
  const [day = '', time = ''] = date.toISOString().split('T');
  if (serial < 1) return time.slice(0, 5);
  return Number.isInteger(serial) ? day : `${day} ${time.slice(0, 5)}`;
}
