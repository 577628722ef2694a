import { upload, waitForStatus } from '../support/client.js';
import { newUser, uploadFailed } from '../support/documents.js';
import { scrape, valueOf, type Exposition } from '../support/prometheus.js';
import { shareProduct } from '../support/shared-product.js';
import { eventually, within } from '../support/wait.js';
import { TRANSPORTS, take } from '../support/watch.js';
import { bearer } from '../support/rest.js';

const shared = shareProduct({ env: { OPERATIONS_TOKEN: 'a-token-of-operations' } });

/** The metrics of the database are cached for a moment. */
const FRESH = { timeoutMs: 15_000, everyMs: 250 };

const rise = (
  before: Exposition,
  after: Exposition,
  name: string,
  labels?: Record<string, string>,
) => (valueOf(after, name, labels) ?? 0) - (valueOf(before, name, labels) ?? 0);

describe('/metrics of the product in one process', () => {
  it('counts the changes, claims, stages, texts and documents of one upload', async () => {
    const user = shared.newUser();
    const before = await scrape(shared.url);
    const { document } = await upload(shared.url, user, {
      name: 'a.txt',
      content: 'A harbour, its keeper and the lamp.',
    });
    await waitForStatus(shared.url, user, document.id, 'COMPLETED');
    const after = await scrape(shared.url);
    for (const status of ['PENDING', 'EXTRACTING', 'VECTORIZING', 'COMPLETED'])
      expect([status, rise(before, after, 'docstream_document_changes_total', { status })]).toEqual(
        [status, 1],
      );
    for (const stage of ['EXTRACTING', 'VECTORIZING'])
      expect([
        stage,
        rise(before, after, 'docstream_stage_duration_seconds_count', { stage, outcome: 'done' }),
      ]).toEqual([stage, 1]);
    expect(rise(before, after, 'docstream_uploads_total', { outcome: 'accepted' })).toBe(1);
    expect(rise(before, after, 'docstream_claimed_documents_total')).toBe(1);
    expect(rise(before, after, 'docstream_claims_total', { outcome: 'some' })).toBe(1);
    expect(rise(before, after, 'docstream_document_wait_seconds_count')).toBe(1);
    expect(
      rise(before, after, 'docstream_document_duration_seconds_count', { status: 'COMPLETED' }),
    ).toBe(1);
    expect(rise(before, after, 'docstream_embedding_texts_total')).toBe(1);
    expect(
      rise(before, after, 'docstream_vector_store_duration_seconds_count', {
        operation: 'store',
        outcome: 'done',
      }),
    ).toBe(1);
    await eventually(async () => {
      const later = await scrape(shared.url);
      return (
        rise(before, later, 'docstream_documents', { status: 'COMPLETED' }) === 1 &&
        valueOf(later, 'docstream_outbox_rows') === 0
      );
    }, FRESH);
  });

  it('counts failures by their code, and failed documents as dead letters', async () => {
    const before = await scrape(shared.url);
    await uploadFailed(shared.url, shared.newUser(), { name: 'empty.txt', content: '   \n  ' });
    expect(
      rise(before, await scrape(shared.url), 'docstream_failures_total', { code: 'EMPTY_TEXT' }),
    ).toBe(1);
    await eventually(
      async () =>
        rise(before, await scrape(shared.url), 'docstream_dead_letters', {
          kind: 'DOCUMENT_FAILED',
        }) === 1,
      FRESH,
    );
  });

  it.each(TRANSPORTS)(
    'counts a watcher over $transport while it watches',
    async ({ transport, watch }) => {
      const watchers = async () =>
        valueOf(await scrape(shared.url), 'docstream_subscriptions', { kind: 'document' });
      const sockets = async () =>
        valueOf(await scrape(shared.url), 'docstream_websockets', { protocol: 'graphql' });
      const user = shared.newUser();
      const { document } = await upload(shared.url, user, {
        name: 'b.txt',
        content: 'A second harbour.',
      });
      const watching = watch(shared.url, user, { documentId: document.id });
      await take(watching, 1);
      expect([await watchers(), await sockets()]).toEqual([1, transport === 'SSE' ? 0 : 1]);
      await watching.return();
      await eventually(async () => (await watchers()) === 0 && (await sockets()) === 0);
    },
  );

  it('has no user, document or file in any label', async () => {
    const user = shared.newUser('metrics-name');
    const { document } = await upload(shared.url, user, {
      name: 'a-telling-name.txt',
      content: 'A third harbour.',
    });
    await waitForStatus(shared.url, user, document.id, 'COMPLETED');
    const values = [...(await scrape(shared.url)).values()].flatMap(({ samples }) =>
      samples.flatMap(({ labels }) => Object.values(labels)),
    );
    expect(values.length).toBeGreaterThan(100);
    expect(
      values.filter((value) => /[0-9a-f]{8}-[0-9a-f]{4}|metrics-name|user-|telling/i.test(value)),
    ).toEqual([]);
    expect(
      values.filter(
        (value) => value.includes(document.id) || value.includes(user.slice('dev:'.length)),
      ),
    ).toEqual([]);
  });

  it('requires the token through a proxy', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.9' };
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${shared.url}/metrics`, { headers })).status;
    expect(await ask(forwarded)).toBe(401);
    expect(await ask({ ...forwarded, ...bearer(newUser().slice('dev:'.length)) })).toBe(401);
    expect(await ask({ ...forwarded, ...bearer('a-token-of-operations') })).toBe(200);
  });

  it('responds to many simultaneous requests', async () => {
    const responses = await within(
      Promise.all(Array.from({ length: 50 }, () => scrape(shared.url))),
      10_000,
      '50 scrapes',
    );
    expect(
      responses.every(
        (exposition) =>
          valueOf(exposition, 'docstream_documents', { status: 'PENDING' }) !== undefined,
      ),
    ).toBe(true);
  });
});
