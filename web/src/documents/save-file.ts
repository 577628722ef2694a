import { ProblemError, problemFromResponse } from '../api/problem.js';
import type { Identity } from '../sign-in/identity.js';

/**
 * Fetches a file and saves it under its own name. A plain link cannot send the token, which the
 * server expects in a header.
 */
export async function saveFile(
  identity: Identity,
  { id, filename }: { id: string; filename: string },
): Promise<void> {
  const token = (await identity.token()) ?? '';
  const response = await fetch(`/api/documents/${encodeURIComponent(id)}/file`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.ok)
    throw new ProblemError(problemFromResponse(response.status, await response.text()));
  const url = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement('a'), { href: url, download: filename });
  link.click();
  // Chromium reads the blob after `click` has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
