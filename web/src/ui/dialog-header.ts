/**
 * Removes the role of the `<header>` in Mantine's dialogs: outside of `<main>` it would be a second
 * banner of the page.
 */
export const DIALOG_HEADER = { header: { role: 'presentation' } } as const;
