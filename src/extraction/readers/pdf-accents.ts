/**
 * Joins accents and letters. TeX's older fonts draw an accent and then, set back beneath it, the
 * letter: "Pel´" and "ee". The two become one letter if the letter starts before the accent's end
 * by more than kerning does, and if Unicode has the combined letter. Otherwise both stay as they
 * are.
 */
import { position, type TextItem } from './pdf-lines.js';

/** Maps a spacing accent to the combining one. */
const COMBINING = new Map([
  ['`', '\u0300'],
  ['´', '\u0301'],
  ['ˆ', '\u0302'],
  ['˜', '\u0303'],
  ['¯', '\u0304'],
  ['˘', '\u0306'],
  ['˙', '\u0307'],
  ['¨', '\u0308'],
  ['˚', '\u030a'],
  ['˝', '\u030b'],
  ['ˇ', '\u030c'],
  ['¸', '\u0327'],
]);
const DOTLESS = new Map([
  ['ı', 'i'],
  ['ȷ', 'j'],
]);
/** How far the letter is set back, as a share of its height. */
const SET_BACK = { least: 0.3, most: 1 };
/** How far the accent's base line may differ, as a share of the letter's height. */
const MAX_RISE = 0.5;

export function composeAccents(items: readonly TextItem[]): TextItem[] {
  const composed = [...items];
  for (const [index, letter] of items.slice(1).entries()) {
    const accent = composed[index];
    if (accent === undefined || !isBeneath(letter, accent)) continue;
    const combined = compose(letter.str.charAt(0), accent.str.slice(-1));
    if (combined === null) continue;
    composed[index] = { ...accent, str: accent.str.slice(0, -1) };
    composed[index + 1] = { ...letter, str: combined + letter.str.slice(1) };
  }
  return composed;
}

function isBeneath(letter: TextItem, accent: TextItem): boolean {
  const setBack = position(accent, 4) + accent.width - position(letter, 4);
  const rise = Math.abs(position(accent, 5) - position(letter, 5));
  return (
    setBack > letter.height * SET_BACK.least &&
    setBack < letter.height * SET_BACK.most &&
    rise < letter.height * MAX_RISE
  );
}

function compose(letter: string, accent: string): string | null {
  const mark = COMBINING.get(accent);
  if (mark === undefined) return null;
  const composed = `${DOTLESS.get(letter) ?? letter}${mark}`.normalize('NFC');
  return composed.length === 1 ? composed : null;
}
