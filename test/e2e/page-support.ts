/** A real browser with the built page, which may log no error and request nothing elsewhere. */
import { AxeBuilder } from '@axe-core/playwright';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { gql } from '../support/client.js';
import { startCohereStandIn, type CohereStandIn } from '../support/cohere-stand-in/start.js';
import { startProduct, type Product } from '../support/product.js';

const ARTIFACTS = fileURLToPath(new URL('../artifacts/page/', import.meta.url));
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const APPLICATIONS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const CHROMIUM_ARGUMENTS = [
  '--no-sandbox',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Returns null if this machine has no browser. */
export function findBrowser(): string | null {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...onPath, ...APPLICATIONS].find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** How long a slow batch of passages takes: long enough for the page to show the work. */
const BATCH_MS = 1_000;

export interface PageFixture {
  product: Product;
  /** Makes each batch of passages take BATCH_MS from now on. */
  slow(): Promise<unknown>;
  /** Makes batches take no time from now on. */
  fast(): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Starts a product that embeds with the stand-in for Cohere, because the local embedder keeps the
 * whole machine busy while it embeds a long text.
 */
export async function startPageFixture(): Promise<PageFixture> {
  const cohere: CohereStandIn = await startCohereStandIn();
  const product = await startProduct({
    env: {
      COHERE_API_KEY: cohere.apiKey,
      COHERE_BASE_URL: cohere.url,
      COHERE_INPUTS_PER_MINUTE: '10000000',
    },
  });
  return {
    product,
    slow: () => cohere.order({ latencyMs: BATCH_MS }),
    fast: () => cohere.order({ latencyMs: 0 }),
    close: () => cohere.stop(),
  };
}

export async function deleteDocument(url: string, token: string, id: string): Promise<void> {
  await gql(url, token, 'mutation Delete($id: ID!) { deleteDocument(id: $id) { id } }', { id });
}

/** Deletes every document of the user, so that a long text does not keep the next test waiting. */
export async function deleteAll(url: string, token: string): Promise<void> {
  const { documents } = await gql<{ documents: { edges: { node: { id: string } }[] } }>(
    url,
    token,
    '{ documents { edges { node { id } } } }',
  );
  for (const { node } of documents.edges) await deleteDocument(url, token, node.id);
}

export interface OpenOptions {
  /** The user who is signed in; nobody if left out. */
  token?: string;
  path?: string;
  width?: number;
  colorScheme?: 'light' | 'dark';
  /** Origins besides the page's own server to which the page may send requests. */
  allowedOrigins?: readonly string[];
}

export interface Visitor {
  open(url: string, options?: OpenOptions): Promise<Page>;
  /** Closes every page and returns their faults: logged errors and requests to other origins. */
  closePages(): Promise<string[]>;
  close(): Promise<void>;
}

/** Chromium's own messages about a request that a test lets fail. */
const NETWORK_MESSAGE = /Failed to load resource|WebSocket connection to/;

export async function startVisitor(executablePath: string): Promise<Visitor> {
  mkdirSync(ARTIFACTS, { recursive: true });
  const browser: Browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });
  let faults: string[] = [];

  const listen = (page: Page, allowed: readonly string[]): void => {
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && !NETWORK_MESSAGE.test(message.text()))
        faults.push(`console: ${message.text()}`);
    });
    page.on('request', (request) => {
      const isAllowed = allowed.some((origin) => request.url().startsWith(origin));
      if (!isAllowed && !/^(blob|data):/.test(request.url()))
        faults.push(`request: ${request.url()}`);
    });
  };

  return {
    open: async (
      url,
      { token, path = '/', width = 1280, colorScheme = 'light', allowedOrigins = [] } = {},
    ) => {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme,
        acceptDownloads: true,
        locale: 'en-GB',
      });
      if (token !== undefined)
        await context.addInitScript(
          (name) => localStorage.setItem('docstream.dev-name', name),
          token.replace('dev:', ''),
        );
      // A stage may take long on a busy machine; the tests wait for conditions.
      context.setDefaultTimeout(60_000);
      const page = await context.newPage();
      listen(page, [url, ...allowedOrigins]);
      await page.goto(`${url}${path}`);
      return page;
    },
    closePages: async () => {
      await Promise.all(browser.contexts().map((context) => context.close()));
      const found = faults;
      faults = [];
      return found;
    },
    close: () => browser.close(),
  };
}

export const row = (page: Page, filename: string): Locator =>
  page.getByTestId('document').filter({ hasText: filename });

export const rowWith = (page: Page, filename: string, status: string): Locator =>
  row(page, filename).and(page.locator(`[data-status=${status}]`));

export const waitUntilLive = (page: Page): Promise<void> =>
  page.getByTestId('connection').filter({ hasText: 'Live' }).waitFor();

/** Presses Tab until the element has the focus, as a person without a mouse does. */
export async function tabTo(page: Page, element: Locator): Promise<void> {
  await element.waitFor();
  for (let presses = 0; presses < 80; presses++) {
    if (await element.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never reaches ${element.toString()}`);
}

/** Drops files on the page. */
export async function drop(page: Page, files: { name: string; content: Buffer }[]): Promise<void> {
  const data = files.map(({ name, content }) => ({ name, base64: content.toString('base64') }));
  const dataTransfer = await page.evaluateHandle((all) => {
    const transfer = new DataTransfer();
    for (const { name, base64 } of all)
      transfer.items.add(
        new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], name),
      );
    return transfer;
  }, data);
  await page.locator('input[type=file]').locator('..').dispatchEvent('drop', { dataTransfer });
}

/** Saves a screenshot and returns the accessibility violations and the overflow of the page. */
export async function inspect(page: Page, name: string): Promise<string[]> {
  await page.screenshot({ path: join(ARTIFACTS, `${name}.png`), animations: 'disabled' });
  // Otherwise axe opens one more page each time, for frames of other origins; this page has none.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  return [
    ...violations.map(
      ({ id, nodes }) => `${name}: ${id}: ${nodes.map(({ html }) => html).join(' | ')}`,
    ),
    ...(overflow > 0 ? [`${name}: ${overflow} px wider than the screen`] : []),
  ];
}
