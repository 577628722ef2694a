import { readFile } from 'node:fs/promises';
import type { Page, Route } from 'playwright-core';
import { upload, waitForStatus } from '../support/client.js';
import { corpus } from '../support/corpus.js';
import { longText, newUser, uploadCompleted } from '../support/documents.js';
import type { Product } from '../support/product.js';
import {
  deleteAll,
  deleteDocument,
  drop,
  findBrowser,
  inspect,
  row,
  rowWith,
  startPageFixture,
  startVisitor,
  tabTo,
  waitUntilLive,
  type PageFixture,
  type Visitor,
} from './page-support.js';

const browser = findBrowser();
if (browser === null && process.env['CI'] === 'true')
  throw new Error('CI must test the page: install Chromium or Chrome.');
if (browser === null)
  process.stderr.write('The page is not tested: there is no Chromium or Chrome on this machine.\n');
const describePage = browser === null ? describe.skip : describe;

const FLOWS = ['GraphQL', 'REST + WebSocket (classic)'] as const;
type Flow = (typeof FLOWS)[number];
const THREE_FORMATS = ['volcanoes.pdf', 'bees.docx', 'tea.txt'];

let fixture: PageFixture;
let product: Product;
let visitor: Visitor;

beforeAll(async () => {
  if (browser === null) return;
  fixture = await startPageFixture();
  ({ product } = fixture);
  visitor = await startVisitor(browser);
});

afterEach(async () => {
  if (browser === null) return;
  expect(await visitor.closePages()).toEqual([]);
  await fixture.fast();
});

afterAll(async () => {
  if (browser === null) return;
  await visitor.close();
  await fixture.close();
});

async function openAs(token: string, flow: Flow = 'GraphQL'): Promise<Page> {
  const page = await visitor.open(product.url, { token });
  await waitUntilLive(page);
  if (flow !== 'GraphQL') await page.getByText(flow).click();
  await waitUntilLive(page);
  return page;
}

/** Returns the names and statuses on the page. */
function readRows(page: Page): Promise<string[]> {
  return page
    .getByTestId('document')
    .evaluateAll((rows) =>
      rows.map((item) =>
        [item.querySelector('a, p')?.textContent, item.getAttribute('data-status')].join(' '),
      ),
    );
}

/** Holds back the next response with the list until the test releases it. */
async function holdNextList(page: Page) {
  const held = Promise.withResolvers<{ text: string; release: () => Promise<void> }>();
  let isHeld = false;
  const hold = async (route: Route) => {
    const isList = (route.request().postData() ?? '').includes('query DocumentsPage');
    if (!isList || isHeld) return route.fallback();
    isHeld = true;
    const response = await route.fetch();
    held.resolve({
      text: await response.text(),
      release: () => route.fulfill({ response }),
    });
  };
  await page.route('**/graphql', hold);
  return held.promise;
}

const waitForSettledList = (page: Page) =>
  page.locator('ul[aria-label=Documents][aria-busy=false]').waitFor();

describePage.each(FLOWS)('the page through %s', (flow) => {
  test('shows dropped files of three formats until they are completed', async () => {
    const page = await openAs(newUser(), flow);
    await page.evaluate(() => (document.title = 'not reloaded'));
    await drop(page, await Promise.all(THREE_FORMATS.map(corpus)));
    await Promise.all(THREE_FORMATS.map((name) => rowWith(page, name, 'COMPLETED').waitFor()));

    expect(await page.title()).toBe('not reloaded');
    await page
      .getByTestId('group-completed')
      .filter({ hasText: '3' })
      .or(page.getByText('Completed3'))
      .first()
      .waitFor();
    expect(await inspect(page, `completed-${flow === 'GraphQL' ? 'graphql' : 'classic'}`)).toEqual(
      [],
    );
  });

  test('explains a rejected file and sends the others', async () => {
    const page = await openAs(newUser(), flow);
    const picture = {
      name: 'cat.png',
      mimeType: 'image/png',
      buffer: await readFile(new URL('../corpus/png-named.pdf', import.meta.url)),
    };
    const text = {
      name: 'tea.txt',
      mimeType: 'text/plain',
      buffer: (await corpus('tea.txt')).content,
    };
    await page
      .locator('input[type=file]')
      .setInputFiles([
        picture,
        { name: 'empty.txt', mimeType: 'text/plain', buffer: Buffer.alloc(0) },
        text,
      ]);

    await page
      .getByTestId('upload')
      .filter({
        hasText: 'This file type is not supported. Save the document as PDF, Word or plain text',
      })
      .waitFor();
    await page.getByTestId('upload').filter({ hasText: 'The file is empty.' }).waitFor();
    await rowWith(page, 'tea.txt', 'COMPLETED').waitFor();
  });

  test('explains a failed document', async () => {
    const page = await openAs(newUser(), flow);
    const { name, content } = await corpus('encrypted.pdf');
    await page
      .locator('input[type=file]')
      .setInputFiles([{ name, mimeType: 'application/pdf', buffer: content }]);
    await rowWith(page, name, 'FAILED').waitFor();

    const note = row(page, name).getByTestId('error-note');
    await note.waitFor();
    expect(await note.textContent()).toMatch(
      flow === 'GraphQL' ? /Save a copy without the password/ : /password/,
    );
  });
});

describePage.each(FLOWS)('the page after an interruption, through %s', (flow) => {
  test('shows the progress of an upload, aborts and retries it', async () => {
    const token = newUser();
    const page = await openAs(token, flow);
    const network = await page.context().newCDPSession(page);
    const throttle = (uploadThroughput: number) =>
      network.send('Network.emulateNetworkConditions', {
        offline: false,
        latency: 0,
        downloadThroughput: -1,
        uploadThroughput,
      });
    await network.send('Network.enable');
    await throttle(50_000);
    await page
      .locator('input[type=file]')
      .setInputFiles([
        { name: 'long.txt', mimeType: 'text/plain', buffer: Buffer.from(longText(300)) },
      ]);
    await page.getByText(/Sending [1-9]\d? %/).waitFor();
    await page.getByRole('button', { name: 'Abort the upload of long.txt' }).click();
    await page.getByTestId('upload').filter({ hasText: 'Aborted' }).waitFor();
    await throttle(-1);
    await page.getByRole('button', { name: 'Try again' }).click();
    await row(page, 'long.txt').waitFor();
    await deleteAll(product.url, token);
  });

  test('updates the list without a reload after the server restarts', async () => {
    const token = newUser();
    const page = await openAs(token, flow);
    await uploadCompleted(product.url, token, await corpus('tea.txt'));
    await rowWith(page, 'tea.txt', 'COMPLETED').waitFor();
    await fixture.slow();
    await upload(product.url, token, { name: 'under-way.txt', content: longText(80) });
    await row(page, 'under-way.txt').waitFor();
    await product.kill();

    await page.getByTestId('connection').filter({ hasText: 'Reconnecting…' }).waitFor();
    await page
      .getByTestId('connection-banner')
      .filter({ hasText: /Next attempt in/ })
      .waitFor();
    expect(
      await inspect(page, `reconnecting-${flow === 'GraphQL' ? 'graphql' : 'classic'}`),
    ).toEqual([]);

    await product.restart();
    await upload(product.url, token, await corpus('knots.md'));
    await waitUntilLive(page);
    await Promise.all(
      ['tea.txt', 'under-way.txt', 'knots.md'].map((name) =>
        rowWith(page, name, 'COMPLETED').waitFor(),
      ),
    );
    expect(await readRows(page)).toEqual([
      'knots.md COMPLETED',
      'under-way.txt COMPLETED',
      'tea.txt COMPLETED',
    ]);
  });
});

describePage('the list of the page', () => {
  test('shows documents that were uploaded elsewhere on top and counts them', async () => {
    const token = newUser();
    const page = await openAs(token);
    await page.getByText('No documents yet').waitFor();
    await uploadCompleted(product.url, token, await corpus('tea.txt'));
    await uploadCompleted(product.url, token, await corpus('knots.md'));

    await rowWith(page, 'knots.md', 'COMPLETED').waitFor();
    expect(await readRows(page)).toEqual(['knots.md COMPLETED', 'tea.txt COMPLETED']);
    await page.getByText('Completed2', { exact: true }).waitFor();
  });

  test('sends no request without an event', async () => {
    const token = newUser();
    await uploadCompleted(product.url, token, await corpus('tea.txt'));
    const page = await openAs(token);
    await rowWith(page, 'tea.txt', 'COMPLETED').waitFor();
    await page.getByText('Completed1', { exact: true }).waitFor();
    let requests = 0;
    page.on('request', () => requests++);
    // A document of another user is processed completely meanwhile.
    await fixture.slow();
    await uploadCompleted(product.url, newUser(), { name: 'other.txt', content: longText(40) });

    expect(requests).toBe(0);
  });

  test('filters the list, and turns its pages in both directions', async () => {
    const token = newUser();
    const names = Array.from(
      { length: 23 },
      (_, index) => `note-${String(index).padStart(2, '0')}.txt`,
    );
    for (const name of names)
      await upload(product.url, token, { name, content: `The text of ${name}.` });
    const page = await openAs(token);
    await page.getByText('1–20 of 23').waitFor();
    await row(page, 'note-22.txt').waitFor();
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByText('21–23 of 23').waitFor();
    await row(page, 'note-00.txt').waitFor();
    await page.getByRole('button', { name: 'Newer' }).click();
    await row(page, 'note-22.txt').waitFor();

    await page.getByLabel('Filter by file name').fill('NOTE-1');
    await row(page, 'note-22.txt').waitFor({ state: 'detached' });
    await rowWith(page, 'note-10.txt', 'COMPLETED').waitFor();
    expect((await readRows(page)).length).toBe(10);
    await page.getByText('Failed0', { exact: true }).click();
    await page.getByText('Nothing matches').waitFor();
    await page.getByRole('button', { name: 'Show all documents' }).click();
    await page.getByText('1–20 of 23').waitFor();
  });
});

describePage('the search of the page', () => {
  test('finds a passage with its page, and shows its document, history and file', async () => {
    const token = newUser();
    await uploadCompleted(product.url, token, await corpus('volcanoes.pdf'));
    const page = await openAs(token);
    await page.getByRole('link', { name: 'Search' }).click();
    await page.getByLabel('What are you looking for?').fill('magma');
    await page.getByRole('button', { name: 'Search' }).click();

    const hit = page.getByTestId('hit').first();
    await hit.locator('mark', { hasText: /magma/i }).first().waitFor();
    expect(await hit.textContent()).toMatch(/Page \d/);
    for (const mode of ['Semantic', 'Keyword']) {
      await page.getByText(mode, { exact: true }).click();
      await page.getByTestId('hits').and(page.locator('[aria-busy=false]')).waitFor();
      await hit.waitFor();
    }
    const download = page.waitForEvent('download');
    await hit.getByRole('button', { name: 'Download volcanoes.pdf' }).click();
    expect((await download).suggestedFilename()).toBe('volcanoes.pdf');
    expect(await readFile(await (await download).path())).toEqual(
      (await corpus('volcanoes.pdf')).content,
    );

    await hit.getByRole('link', { name: 'volcanoes.pdf' }).click();
    const details = page.getByRole('dialog');
    await details.getByTestId('history-event').nth(1).waitFor();
    await details.getByText('Completed', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await hit.waitFor();
  });

  test('removes a deleted document from every open page and from the search', async () => {
    const token = newUser();
    await uploadCompleted(product.url, token, await corpus('tea.txt'));
    await uploadCompleted(product.url, token, await corpus('knots.md'));
    const page = await openAs(token);
    const other = await openAs(token);
    await row(other, 'tea.txt').waitFor();
    await page.getByRole('button', { name: 'Delete tea.txt' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Delete tea.txt' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();

    await Promise.all(
      [page, other].map((opened) => row(opened, 'tea.txt').waitFor({ state: 'detached' })),
    );
    expect(await readRows(other)).toEqual(['knots.md COMPLETED']);
    await other.getByText('All1', { exact: true }).waitFor();
    await other.getByRole('link', { name: 'Search' }).click();
    await other.getByLabel('What are you looking for?').fill('oxidation of green tea');
    await other.keyboard.press('Enter');
    await other.getByTestId('hit').or(other.getByText('No passage found')).first().waitFor();
    expect(await other.getByRole('link', { name: 'tea.txt' }).count()).toBe(0);
  });
});

describePage('a late HTTP response', () => {
  test('does not undo a newer status', async () => {
    const token = newUser();
    await uploadCompleted(product.url, token, await corpus('tea.txt'));
    const page = await openAs(token);
    await row(page, 'tea.txt').waitFor();
    const holding = holdNextList(page);
    await fixture.slow();
    await upload(product.url, token, { name: 'slow.txt', content: longText(100) });
    const { text, release } = await holding;
    expect(text).toMatch(/"(PENDING|EXTRACTING|VECTORIZING)"/);
    await rowWith(page, 'slow.txt', 'COMPLETED').waitFor();
    await release();

    await waitForSettledList(page);
    expect(await readRows(page)).toEqual(['slow.txt COMPLETED', 'tea.txt COMPLETED']);
  });

  test('does not restore a deleted document', async () => {
    const token = newUser();
    await uploadCompleted(product.url, token, await corpus('tea.txt'));
    const page = await openAs(token);
    await row(page, 'tea.txt').waitFor();
    const holding = holdNextList(page);
    const { document } = await upload(product.url, token, await corpus('knots.md'));
    const { text, release } = await holding;
    expect(text).toContain(document.id);
    await waitForStatus(product.url, token, document.id, 'COMPLETED');
    await deleteDocument(product.url, token, document.id);
    await row(page, 'knots.md').waitFor({ state: 'detached' });
    await release();

    await waitForSettledList(page);
    expect(await readRows(page)).toEqual(['tea.txt COMPLETED']);
  });
});

describePage('the page', () => {
  test('supports every action with the keyboard alone', async () => {
    const page = await visitor.open(product.url);
    const { name, content } = await corpus('tea.txt');
    // The listener comes first, because the browser reports the file chooser asynchronously.
    page.once(
      'filechooser',
      (chooser) => void chooser.setFiles([{ name, mimeType: 'text/plain', buffer: content }]),
    );
    await tabTo(page, page.getByLabel('Your name'));
    await page.keyboard.type(newUser('keys').replace('dev:', ''));
    await page.keyboard.press('Enter');
    await waitUntilLive(page);

    await tabTo(page, page.getByRole('button', { name: 'Choose files' }));
    await page.keyboard.press('Enter');
    await rowWith(page, name, 'COMPLETED').waitFor();

    await tabTo(page, page.getByRole('link', { name }));
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByTestId('history-event').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await tabTo(page, page.getByRole('link', { name: 'Search' }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByLabel('What are you looking for?'));
    await page.keyboard.type('oxidation');
    await page.keyboard.press('Enter');
    await page.getByTestId('hit').first().waitFor();

    await tabTo(page, page.getByRole('link', { name: 'Documents' }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('button', { name: `Delete ${name}` }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('dialog').getByRole('button', { name: 'Delete' }));
    await page.keyboard.press('Enter');
    await page.getByText('No documents yet').waitFor();
  });

  test('accepts only a dev name, and signs out', async () => {
    const page = await visitor.open(product.url);
    await page.getByLabel('Your name').fill('two words');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Use 1 to 64 letters').waitFor();
    await page.getByLabel('Your name').fill(newUser().replace('dev:', ''));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await waitUntilLive(page);
    await page.getByRole('button', { name: /^Account/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByLabel('Your name').waitFor();
  });
});

describePage('the playground', () => {
  test('runs its query, its search and its subscription', async () => {
    const token = 'dev:playground';
    await uploadCompleted(product.url, token, await corpus('tea.txt'));
    const page = await visitor.open(product.url, { path: '/playground' });
    const runOperation = async (name: string) => {
      await page.getByRole('button', { name: /^Execute query/ }).click();
      await page.getByRole('menuitem', { name }).click();
    };
    const response = page.locator('.graphiql-response');
    await page.locator('.graphiql-query-editor').getByText('DocumentsOverview').first().waitFor();

    await runOperation('DocumentsOverview');
    await response.getByText('"totalCount"').waitFor();
    await runOperation('Search');
    await response.getByText('"score"').first().waitFor();
    await runOperation('Watch');
    await response.getByText('"SNAPSHOT"').or(response.getByText('"CHANGE"')).first().waitFor();
    await upload(product.url, token, await corpus('knots.md'));
    await response.getByText('"knots.md"').waitFor();
    await inspect(page, 'playground');
    await page.getByRole('button', { name: /^Stop query/ }).click();
  });
});
