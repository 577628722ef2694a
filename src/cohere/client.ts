import { CohereClientV2 } from 'cohere-ai';

/** No server's status: there was no answer. */
export const NO_ANSWER_STATUS = 599;
export const NO_ANSWER_CAUSE = 'x-no-answer';

/**
 * The client leaves its timer running when a fetch rejects, which keeps a process alive that wants
 * to end (20 s, or five minutes without a timeout of ours). So its fetch never does: it answers
 * that there was no answer.
 */
export function createCohereClient({
  apiKey,
  baseUrl,
}: {
  apiKey: string;
  baseUrl?: string | null | undefined;
}): CohereClientV2 {
  const answeringFetch: typeof fetch = async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (error) {
      return new Response(null, {
        status: NO_ANSWER_STATUS,
        headers: { [NO_ANSWER_CAUSE]: toCodes(error) },
      });
    }
  };
  return new CohereClientV2({ token: apiKey, fetch: answeringFetch, ...(baseUrl && { baseUrl }) });
}

/** Of a network error only its codes: `ECONNREFUSED`. */
function toCodes(error: unknown): string {
  const codes: string[] = [];
  for (let at = error; at instanceof Error && codes.length < 4; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') codes.push(at.code);
  }
  return codes.join(' ');
}
