import { setTimeout as sleep } from 'node:timers/promises';
import { gql, upload, waitForStatus, type UploadFile } from '../support/client.js';
import { corpus } from '../support/corpus.js';
import { filesOverBounds, filesWithinBounds } from '../support/hostile-files.js';
import { shareProduct } from '../support/shared-product.js';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
const POLL_MS = 50;
/** For a busy machine. Without a limit, each kind of file took many seconds or never ended. */
const MAX_GAP_MS = 1_000;
const HEALTH_TIMEOUT_MS = 20_000;

const shared = shareProduct();

/** Runs `action` while it polls /healthz. Returns the longest time without a response. */
async function longestGapDuring(action: () => Promise<void>): Promise<number> {
  const done = new AbortController();
  const running = action().finally(() => done.abort());
  running.catch(() => undefined);
  let longest = 0;
  while (!done.signal.aborted) {
    const startedAt = performance.now();
    await fetch(`${shared.url}/healthz`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    longest = Math.max(longest, performance.now() - startedAt);
    await sleep(POLL_MS);
  }
  await running;
  return longest;
}

async function outcomeOf(user: string, file: UploadFile): Promise<string> {
  const { document } = await upload(shared.url, user, file);
  const last = (await waitForStatus(shared.url, user, document.id, 'COMPLETED', 'FAILED')).at(-1);
  return last?.error?.code ?? String(last?.status);
}

async function expectOutcomes(expected: readonly [UploadFile, string][]): Promise<void> {
  const user = shared.newUser();
  const seen: [string, string][] = [];
  const gap = await longestGapDuring(async () => {
    for (const [file] of expected) seen.push([file.name, await outcomeOf(user, file)]);
  });
  expect(seen).toEqual(expected.map(([file, outcome]) => [file.name, outcome]));
  expect(gap).toBeLessThan(MAX_GAP_MS);
}

describe('the processing of a hostile file does not block other requests', () => {
  it('detects a format at once for any repetition of bytes', async () => {
    const repeated: Record<string, string> = {
      'comments.txt': `${'<!---->'.repeat(40)}x`,
      'comments.svg': `<?xml version="1.0"?>${'<!-- -->\n'.repeat(20_000)}<svg/>`,
      'open-comments.txt': '<!--'.repeat(16_000),
      'declarations.txt': '<?xml '.repeat(10_000),
      'spaces-and-brackets.txt': `<!doctype${' '.repeat(64_000)}x`,
      'pdf-digits.txt': `x%PDF-1${'1'.repeat(64_000)}`,
      'pdf-objects.txt': `x%PDF-1${' 1 1'.repeat(16_000)}`,
      'pdf-headers.txt': 'x%PDF-'.repeat(10_000),
    };
    const user = shared.newUser();
    const scheduledFor = new Date(Date.now() + DAY_MS).toISOString();
    const gap = await longestGapDuring(async () => {
      for (const [name, content] of Object.entries(repeated)) {
        const { document } = await upload(shared.url, user, {
          name,
          content,
          options: { scheduledFor },
        });
        expect([name, document.mimeType]).toEqual([name, 'text/plain']);
        await gql(shared.url, user, 'mutation ($id: ID!) { deleteDocument(id: $id) { id } }', {
          id: document.id,
        });
      }
    });
    expect(gap).toBeLessThan(MAX_GAP_MS);
  });

  it('cuts passages in time proportional to the text, with any white space', async () => {
    const texts: Record<string, string> = {
      'spaces.txt': `${' '.repeat(20 * MIB)}word`,
      'lines.txt': `word${'\n'.repeat(8 * MIB)}word`,
      'wide-spaces.txt': `${'\u3000'.repeat(6 * MIB)}word`,
    };
    await expectOutcomes(
      Object.entries(texts).map(([name, content]) => [{ name, content }, 'COMPLETED']),
    );
  });

  it('fails texts of any length with too many passages', async () => {
    const texts: Record<string, string> = {
      'letters.txt': 'x'.repeat(20 * MIB),
      'marks.txt': '\u0301'.repeat(20 * MIB),
      'table.csv': 'a,1,2\n'.repeat(4 * MIB),
    };
    await expectOutcomes(
      Object.entries(texts).map(([name, content]) => [{ name, content }, 'TOO_MANY_CHUNKS']),
    );
  });

  it('fails files over the limits of a reader, and reads those within', async () => {
    await expectOutcomes([
      ...filesOverBounds().map((file): [UploadFile, string] => [file, 'EXTRACTION_LIMIT']),
      ...filesWithinBounds().map((file): [UploadFile, string] => [file, 'COMPLETED']),
    ]);
  });

  it('fails a damaged file with CORRUPT', async () => {
    const { content } = await corpus('empty-pages-1000.pdf');
    const damaged = Buffer.concat([content.subarray(0, 6_303), content.subarray(36_787)]);
    await expectOutcomes([[{ name: 'damaged.pdf', content: damaged }, 'CORRUPT']]);
  });
});
