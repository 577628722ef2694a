/** Characters, an emoji counted as one: what a list can show and every file system takes. */
const MAX_LENGTH = 200;
const FALLBACK = 'document';

/**
 * Control characters, and the marks that turn the direction of text: with them `gpj.exe` reads as
 * `exe.jpg`.
 */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]/gu;

/** What browsers make of quotes and line ends in the names of form parts. */
const FORM_ESCAPE = /%(22|0D|0A)/g;

/**
 * The name as it is shown and offered for saving: the last part of a path, without what could
 * mislead or break a header.
 */
export function toSafeFilename(name: string): string {
  const base =
    name.toWellFormed().replace(FORM_ESCAPE, decodeURIComponent).split(/[/\\]/).at(-1) ?? '';
  const clean = base.replace(UNSAFE, '').trim();
  return clean === '' || /^\.+$/.test(clean) ? FALLBACK : shorten(clean);
}

/** Keeps the extension: it says what the file is. */
function shorten(name: string): string {
  const characters = [...name];
  if (characters.length <= MAX_LENGTH) return name;
  const extension = [...(/\.[^.]{1,16}$/.exec(name)?.[0] ?? '')];
  return [...characters.slice(0, MAX_LENGTH - extension.length), ...extension].join('');
}
