import { setTimeout as sleep } from 'node:timers/promises';
import { sendHttp } from './http-client.js';
import type { DocumentOutcome } from './responses.js';

const LIMIT_MS = 60_000;
const POLL_MS = 50;
const QUERY = 'query($id: ID!) { document(id: $id) { status error { code } } }';

/** Waits until the document ends or an attempt fails, for at most 60 s. Returns the last state. */
export async function followDocument(
  url: string,
  token: string,
  id: string,
): Promise<DocumentOutcome> {
  const end = performance.now() + LIMIT_MS;
  let outcome: DocumentOutcome = { kind: 'document', id, status: 'unknown', code: null };
  while (performance.now() < end) {
    outcome = (await readOutcome(url, token, id)) ?? outcome;
    if (['COMPLETED', 'FAILED'].includes(outcome.status) || outcome.code !== null) return outcome;
    await sleep(POLL_MS);
  }
  return outcome;
}

async function readOutcome(
  url: string,
  token: string,
  id: string,
): Promise<DocumentOutcome | null> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const { text } = await sendHttp(url, {
    method: 'POST',
    path: '/graphql',
    headers,
    body: JSON.stringify({ query: QUERY, variables: { id } }),
  });
  const [, status, code] =
    /"status":"([A-Z]+)","error":(?:null|\{"code":"([A-Z_]+)")/.exec(text) ?? [];
  return status === undefined ? null : { kind: 'document', id, status, code: code ?? null };
}
