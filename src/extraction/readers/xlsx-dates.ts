/** Excel keeps a date as a number of days; only the cell's style tells that it is one. */
import { readXml } from './xml.js';
import type { ZipArchive } from './zip-archive.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS_TO_1904 = 1462;
/** Number formats that every Excel knows without a code (ECMA-376 18.8.30). */
const BUILT_IN_DATE_FORMATS = [14, 15, 16, 17, 18, 19, 20, 21, 22, 45, 46, 47];

/** Indexes of the cell styles that show a number as a date. */
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

/** Excel takes format codes of 255 characters at most. */
const MAX_CODE_LENGTH = 255;
const NO_DATE = /"[^"]*"|\\.|\[(?!h{1,9}\]|m{1,9}\]|s{1,9}\])[^[\]]*\]|General/gi;

/**
 * A code with a letter of a date in it, outside of quoted text, escapes, and colours and locales in
 * brackets.
 */
function isDateCode(formatCode: string): boolean {
  return /[dmyhs]/i.test(formatCode.slice(0, MAX_CODE_LENGTH).replace(NO_DATE, ''));
}

/** `2007-07-13`, with ` 18:30` where there is a time of day; the time alone for less than a day. */
export function serialDate(serial: number, startsIn1904: boolean): string {
  const days = startsIn1904 ? serial + DAYS_TO_1904 : serial;
  const date = new Date(Date.UTC(1899, 11, 30) + Math.round((days * DAY_MS) / 60_000) * 60_000);
  if (Number.isNaN(date.getTime())) return String(serial);
  const [day = '', time = ''] = date.toISOString().split('T');
  if (serial < 1) return time.slice(0, 5);
  return Number.isInteger(serial) ? day : `${day} ${time.slice(0, 5)}`;
}
