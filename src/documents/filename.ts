/** Unicode characters. Lists can show such a name, and every file system accepts it. */
const MAX_LENGTH = 200;
const FALLBACK = 'document';

/**
 * Control characters, and the marks that change the direction of text. With them `gpj.exe` looks
 * like `exe.jpg`.
 */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]/gu;

/** Browsers escape quotes and line ends in the names of form parts like this. */
const FORM_ESCAPE = /%(22|0D|0A)/g;

/**
 * Returns the name for display and for downloads: the last segment of a path, without characters
 * that mislead people or break a header.
 */
export function toSafeFilename(name: string): string {
  const base =
    name.toWellFormed().replace(FORM_ESCAPE, decodeURIComponent).split(/[/\\]/).at(-1) ?? '';
  const clean = base.replace(UNSAFE, '').trim();
  return clean === '' || /^\.+$/.test(clean) ? FALLBACK : shorten(clean);
}

/** Shortens a name and keeps its extension, which shows the type of the file. */
function shorten(name: string): string {
  const characters = [...name];
  if (characters.length <= MAX_LENGTH) return name;
  const extension = [...(/\.[^.]{1,16}$/.exec(name)?.[0] ?? '')];
  return [...characters.slice(0, MAX_LENGTH - extension.length), ...extension].join('');
}
