/* global AbortSignal, fetch */
const PROBE_MS = 2_000;

/** True when the address answers with a success, and `fits` likes the text of it. */
export async function answersOk(url, fits = () => true) {
  const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS) });
  const text = await response.text();
  return response.ok && fits(text);
}
