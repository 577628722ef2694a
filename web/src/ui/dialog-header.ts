/**
 * Mantine's dialogs have a `<header>`, which outside of `<main>` would be a second banner of the
 * page.
 */
export const DIALOG_HEADER = { header: { role: 'presentation' } } as const;
