/** Measures a claim of 8 documents while 100 and 100,000 documents of 1,000 users are waiting. */
import { Client } from 'pg';
import { built } from './built.js';
import type { Figures } from './main.js';
import { createDatabase, dropDatabase, withServers, type Servers } from './servers.js';
import { median, round } from './statistics.js';

const USERS = 1_000;
const CLAIMS = 60;
const WARM_UP = 10;
const LIMIT = 8;

export async function benchClaim(): Promise<Figures> {
  return withServers(async (servers) => {
    const emptyBacklogMs = await timeClaims(servers, 100);
    const fullBacklogMs = await timeClaims(servers, 100_000);
    return {
      emptyBacklogMs: round(emptyBacklogMs, 2),
      fullBacklogMs: round(fullBacklogMs, 2),
      ratio: round(fullBacklogMs / emptyBacklogMs, 2),
    };
  });
}

/** Inserts rows as uploads do: fair_at of a user's documents rises by one minute each. */
const INSERT = `
  insert into documents (id, user_id, filename, file_size, mime_type, job_id, content_hash, blob_key, max_attempts, fair_at)
  select gen_random_uuid(), 'bench-' || n % ${USERS}, 'note.txt', 1000, 'text/plain', gen_random_uuid(), md5(n::text || random()::text),
         gen_random_uuid()::text, 5, clock_timestamp() + n / ${USERS} * interval '1 minute'
    from generate_series(0, $1::integer - 1) n`;

async function timeClaims(servers: Servers, backlog: number): Promise<number> {
  const databaseUrl = await createDatabase(servers.databaseUrl);
  const { openDatabase } =
    await built<typeof import('../../src/postgres/database.js')>('postgres/database');
  const { createDocumentStore } =
    await built<typeof import('../../src/postgres/document-store.js')>('postgres/document-store');
  const database = await openDatabase({ url: databaseUrl, poolSize: 2 }, { holdsVectors: false });
  const store = createDocumentStore({ database, maxAttempts: 5 });
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(INSERT, [backlog]);
  await client.query('vacuum analyze documents');
  const times: number[] = [];
  for (let call = 0; call < CLAIMS + WARM_UP; call += 1) {
    const begun = performance.now();
    const { claims } = await store.claim({ limit: LIMIT, leaseMs: 30_000, maxPerUser: 2 });
    times.push(performance.now() - begun);
    if (claims.length !== LIMIT) throw new Error(`claimed ${claims.length} of ${LIMIT} documents`);
    await client.query('delete from documents where lease_token is not null');
    await client.query(INSERT, [LIMIT]);
  }
  await client.end();
  await database.close();
  await dropDatabase(databaseUrl);
  return median(times.slice(WARM_UP));
}
