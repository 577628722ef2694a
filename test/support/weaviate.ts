import { createHash } from 'node:crypto';
import { serviceVariables } from './services.js';

/** Returns how many passages of a user Weaviate counts, without the client of the product. */
export async function countObjects(userId: string): Promise<number> {
  const tenant = createHash('sha256').update(userId).digest('hex');
  const query = `{ Aggregate { DocstreamPassage(tenant: "${tenant}") { meta { count } } } }`;
  const response = await fetch(`${serviceVariables()?.['WEAVIATE_URL'] ?? ''}/v1/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const { data } = (await response.json()) as {
    data: { Aggregate: { DocstreamPassage: { meta: { count: number } }[] | null } };
  };
  return data.Aggregate.DocstreamPassage?.[0]?.meta.count ?? 0;
}
