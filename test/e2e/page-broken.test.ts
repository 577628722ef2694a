/** No address, stored setting or response of the server leaves the page blank. */
import type { Page } from 'playwright-core';
import { newUser, uploadCompleted } from '../support/documents.js';
import { shareProduct } from '../support/shared-product.js';
import {
  findBrowser,
  inspect,
  row,
  startVisitor,
  waitUntilLive,
  type Visitor,
} from './page-support.js';

const browser = findBrowser();
const describePage = browser === null ? describe.skip : describe;
const shared = shareProduct();

const ADDRESSES = [
  '#/documents/%E0%A4',
  '#/search/%',
  '#/documents/%ff%fe',
  '#/%E0%A4/%',
  '#//',
  '#/documents/../..',
  '#%',
  '?q=%E0%A4#/x/y/z',
];

const UNKNOWN_ERROR = {
  __typename: 'ProcessingError',
  code: 'toString',
  cause: 'valueOf',
  message: 'm',
  retryable: true,
};

const SETTINGS: Record<string, string> = {
  'docstream.dev-name': '{"a":',
  'docstream.protocol': '{"__proto__":1}',
  'mantine-color-scheme-value': 'constructor',
  'graphiql:tabState': '{"tabs":7',
  'graphiql:theme': '[]',
};

let visitor: Visitor;

beforeAll(async () => {
  if (browser !== null) visitor = await startVisitor(browser);
});

afterEach(async () => {
  // React logs the errors that a boundary catches.
  expect(
    (await visitor.closePages()).filter((fault) => !/^console: (TypeError|Error)/.test(fault)),
  ).toEqual([]);
});

afterAll(async () => {
  if (browser !== null) await visitor.close();
});

/** Opens the page again after `prepare` has changed its environment. */
async function open(prepare: (page: Page) => Promise<unknown>, token = newUser()): Promise<Page> {
  const page = await visitor.open(shared.url, { token });
  await prepare(page);
  await page.reload();
  return page;
}

async function forbidStorage(page: Page, when: string): Promise<void> {
  await page.addInitScript((how) => {
    const forbid = () => {
      throw new DOMException('The storage is forbidden.', 'SecurityError');
    };
    if (how === 'accessed') Object.defineProperty(window, 'localStorage', { get: forbid });
    else Object.assign(Storage.prototype, { getItem: forbid, setItem: forbid, removeItem: forbid });
  }, when);
}

describePage('the page with an unusual address or setting', () => {
  test('shows documents or search at any address', async () => {
    const page = await visitor.open(shared.url, { token: newUser() });
    for (const address of ADDRESSES) {
      await page.evaluate((path) => history.replaceState(null, '', path), `/${address}`);
      await page.reload();
      await waitUntilLive(page);
      expect({
        address,
        broken: await page.getByText('This page cannot be shown').count(),
      }).toEqual({ address, broken: 0 });
    }
  });

  test('ignores stored settings that it cannot read', async () => {
    const page = await visitor.open(shared.url);
    await page.evaluate((settings) => Object.assign(localStorage, settings), SETTINGS);
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in to docstream' }).waitFor();
    await page.goto(`${shared.url}/playground`);
    await page.getByRole('link', { name: 'docstream' }).waitFor();
  });

  test.each(['accessed', 'used'])(
    'signs in and shows the playground although the storage throws when it is %s',
    async (when) => {
      const page = await open((opened) => forbidStorage(opened, when));
      await page.getByRole('textbox').fill('somebody');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await waitUntilLive(page);
      await page.goto(`${shared.url}/playground`);
      await page.getByRole('link', { name: 'docstream' }).waitFor();
    },
  );
});

describePage('the page with data that it cannot read', () => {
  test('keeps its navigation and recovers after a response that it cannot show', async () => {
    const token = newUser();
    await uploadCompleted(shared.url, token, {
      name: 'tea.txt',
      content: 'Tea is made of leaves.',
    });
    let isBroken = true;
    const page = await open(
      (opened) =>
        opened.route('**/graphql', async (route) => {
          const response = await route.fetch();
          const body = await response.text();
          await route.fulfill({
            response,
            body: isBroken ? body.replaceAll('"filename":"tea.txt"', '"filename":{}') : body,
          });
        }),
      token,
    );
    await page.getByText('This page cannot be shown').waitFor();
    await page.getByRole('navigation', { name: 'Views' }).waitFor();
    isBroken = false;
    await page.getByRole('button', { name: 'Reload' }).click();
    await row(page, 'tea.txt').waitFor();
  });

  test('shows an unknown status, time and error code', async () => {
    const token = newUser();
    await uploadCompleted(shared.url, token, {
      name: 'tea.txt',
      content: 'Tea is made of leaves.',
    });
    const withUnknownValues = (body: string) =>
      body
        .replaceAll('"status":"COMPLETED"', '"status":"constructor"')
        .replace(/"(createdAt|processedAt|startedAt)":"[^"]*"/g, '"$1":"yesterday"')
        .replaceAll('"error":null', `"error":${JSON.stringify(UNKNOWN_ERROR)}`);
    const page = await open(
      (opened) =>
        opened.route('**/graphql', async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, body: withUnknownValues(await response.text()) });
        }),
      token,
    );
    await row(page, 'tea.txt').getByText('constructor').waitFor();
    expect(await page.getByText('This page cannot be shown').count()).toBe(0);
  });

  test('offers a way back if nothing else can be shown', async () => {
    const page = await open((opened) =>
      opened.addInitScript(() => {
        const listen = window.addEventListener.bind(window);
        window.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
          if (type === 'hashchange' && document.title !== 'repaired')
            throw new Error('thrown by the test');
          listen(type, listener);
        };
      }),
    );
    await page.getByText('This page cannot be shown').waitFor();
    for (const width of [360, 1440]) {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor();
        expect(await inspect(page, `broken-${width}-${colorScheme}`)).toEqual([]);
      }
    }
    await page.evaluate(() => (document.title = 'repaired'));
    await page.getByRole('button', { name: 'Go to documents' }).click();
    await waitUntilLive(page);
  });
});
