/* global AbortSignal, fetch */
const PROBE_MS = 2_000;

/** Returns true if the address responds with success and a body that `fits` accepts. */
export async function respondsOk(url, fits = () => true) {
  const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS) });
  const text = await response.text();
  return response.ok && fits(text);
}
