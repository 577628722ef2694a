import type { Page } from 'playwright-core';
import { upload, waitForStatus } from '../support/client.js';
import { corpus } from '../support/corpus.js';
import { longText, newUser, uploadCompleted } from '../support/documents.js';
import type { Product } from '../support/product.js';
import {
  deleteAll,
  findBrowser,
  inspect,
  rowWith,
  startPageFixture,
  startVisitor,
  waitUntilLive,
  type PageFixture,
  type Visitor,
} from './page-support.js';

const browser = findBrowser();
const describePage = browser === null ? describe.skip : describe;

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

describePage.each(['light', 'dark'] as const)('the %s colour scheme of the page', (colorScheme) => {
  test.each([360, 768, 1440])(
    'passes the accessibility checks in every view at %i px',
    async (width) => {
      const token = newUser();
      const inspectView = (page: Page, view: string) =>
        inspect(page, `${view}-${width}-${colorScheme}`);
      const problems: string[] = [];
      const signIn = await visitor.open(product.url, { width, colorScheme });
      await signIn.getByLabel('Your name').waitFor();
      problems.push(...(await inspectView(signIn, 'sign-in')));

      const page = await visitor.open(product.url, { token, width, colorScheme });
      await waitUntilLive(page);
      await page.getByText('No documents yet').waitFor();
      problems.push(...(await inspectView(page, 'empty')));

      await uploadCompleted(product.url, token, await corpus('volcanoes.pdf'));
      const { document } = await upload(product.url, token, await corpus('scan.pdf'));
      await waitForStatus(product.url, token, document.id, 'FAILED');
      await fixture.slow();
      await upload(product.url, token, { name: 'busy.txt', content: longText(200) });
      await rowWith(page, 'busy.txt', 'VECTORIZING')
        .or(rowWith(page, 'busy.txt', 'EXTRACTING'))
        .first()
        .waitFor();
      await rowWith(page, 'scan.pdf', 'FAILED').waitFor();
      problems.push(...(await inspectView(page, 'busy')));
      await fixture.fast();

      await page.getByRole('link', { name: 'volcanoes.pdf' }).click();
      await page.getByRole('dialog').getByTestId('history-event').first().waitFor();
      problems.push(...(await inspectView(page, 'details')));
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });

      await page.getByRole('button', { name: 'Delete volcanoes.pdf' }).click();
      await page.getByRole('dialog').getByText('Delete this document?').waitFor();
      problems.push(...(await inspectView(page, 'delete')));
      await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();

      await page.getByRole('link', { name: 'Search' }).click();
      await page.getByLabel('What are you looking for?').fill('magma');
      await page.keyboard.press('Enter');
      await page.getByTestId('hit').first().waitFor();
      problems.push(...(await inspectView(page, 'search')));
      await deleteAll(product.url, token);
      expect(problems).toEqual([]);
    },
  );
});
