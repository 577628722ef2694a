import { CohereClientV2 } from 'cohere-ai';

/** Stands for a missing response; no server sends this status. */
export const NO_RESPONSE_STATUS = 599;
export const NO_RESPONSE_CAUSE = 'x-no-response';

/**
 * Returns a client whose fetch never rejects: it returns a response of NO_RESPONSE_STATUS instead.
 * cohere-ai 8.1 leaves its timer running if a fetch rejects, which keeps the process alive for the
 * timeout of a call, or for five minutes.
 */
export function createCohereClient({
  apiKey,
  baseUrl,
}: {
  apiKey: string;
  baseUrl?: string | null | undefined;
}): CohereClientV2 {
  const fetchSafely: typeof fetch = async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (error) {
      return new Response(null, {
        status: NO_RESPONSE_STATUS,
        headers: { [NO_RESPONSE_CAUSE]: toCodes(error) },
      });
    }
  };
  return new CohereClientV2({ token: apiKey, fetch: fetchSafely, ...(baseUrl && { baseUrl }) });
}

/** Returns only the codes of a network error, such as `ECONNREFUSED`. */
function toCodes(error: unknown): string {
  const codes: string[] = [];
  for (let cause = error; cause instanceof Error && codes.length < 4; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') codes.push(cause.code);
  }
  return codes.join(' ');
}
