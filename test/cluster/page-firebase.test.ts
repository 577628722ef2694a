/** The page with the processes of a cluster and the sign-in of Firebase's emulator. */
import { randomBytes } from 'node:crypto';
import type { Page } from 'playwright-core';
import {
  findBrowser,
  inspect,
  rowWith,
  startVisitor,
  waitUntilLive,
  type OpenOptions,
  type Visitor,
} from '../e2e/page-support.js';
import { startCluster, type Cluster } from '../support/cluster.js';
import { corpus } from '../support/corpus.js';
import { serviceVariables } from '../support/services.js';

const browser = findBrowser();
if (browser === null && process.env['CI'] === 'true')
  throw new Error('CI must test the page: install Chromium or Chrome.');
if (browser === null)
  process.stderr.write(
    'The sign-in with Firebase is not tested: there is no Chromium or Chrome on this machine.\n',
  );
const describePage = browser === null ? describe.skip : describe;

const PASSWORD = 'correct horse battery staple';
const newEmail = () => `ada-${randomBytes(6).toString('hex')}@example.com`;
const FLOWS = ['GraphQL', 'REST + WebSocket (classic)'] as const;
type Flow = (typeof FLOWS)[number];

let cluster: Cluster;
let visitor: Visitor;
let url: string;
let emulator: string;

beforeAll(async () => {
  if (browser === null) return;
  const {
    FIREBASE_PROJECT_ID = '',
    FIREBASE_API_KEY = '',
    FIREBASE_AUTH_EMULATOR_HOST = '',
  } = serviceVariables() ?? {};
  emulator = `http://${FIREBASE_AUTH_EMULATOR_HOST}`;
  const env = { FIREBASE_PROJECT_ID, FIREBASE_API_KEY, FIREBASE_AUTH_EMULATOR_HOST };
  cluster = await startCluster({ apis: 1, workers: 1, relays: 1, env });
  url = cluster.apis[0]?.url ?? '';
  visitor = await startVisitor(browser);
});

afterEach(async () => {
  expect(await visitor.closePages()).toEqual([]);
});

afterAll(async () => {
  if (browser === null) return;
  await visitor.close();
  await cluster.close();
});

const open = (options: OpenOptions = {}) =>
  visitor.open(url, { allowedOrigins: [emulator], ...options });

const heading = (page: Page) => page.getByRole('heading', { name: 'Sign in to docstream' });

const submit = (page: Page, name: string) =>
  page.getByRole('button', { name, exact: true }).click();

async function fill(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
}

async function signUp(page: Page, email = newEmail()): Promise<string> {
  await page.getByRole('button', { name: 'Create an account' }).click();
  await fill(page, email);
  await submit(page, 'Create account');
  await waitUntilLive(page);
  return email;
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Account/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await heading(page).waitFor();
}

async function uploadTea(page: Page): Promise<void> {
  const { name, content } = await corpus('tea.txt');
  await page
    .locator('input[type=file]')
    .setInputFiles({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });
  await rowWith(page, name, 'COMPLETED').waitFor();
}

/** Lets the token of the next sign-in expire after `seconds`. Firebase's tokens last an hour. */
async function shortenNextToken(page: Page, seconds: number): Promise<void> {
  await page.route('**/accounts:signInWithPassword*', async (route) => {
    const response = await route.fetch();
    const body = (await response.json()) as { idToken: string };
    await route.fulfill({
      response,
      json: { ...body, idToken: withExpiry(body.idToken, seconds) },
    });
  });
}

describePage('the sign-in with Firebase', () => {
  test('signs a new user up and shows a completed document, also after a reload', async () => {
    const page = await open();
    const email = await signUp(page);
    await uploadTea(page);
    await page.reload();
    await rowWith(page, 'tea.txt', 'COMPLETED').waitFor();
    await waitUntilLive(page);
    await page.getByRole('button', { name: `Account: ${email}` }).waitFor();
    expect(await heading(page).count()).toBe(0);
  });

  test('keeps a user signed out, and shows users only their own documents', async () => {
    const page = await open();
    const email = await signUp(page);
    await uploadTea(page);
    await signOut(page);
    await page.reload();
    await heading(page).waitFor();
    await signUp(page);
    await page.getByText('No documents yet').waitFor();
    await signOut(page);
    await fill(page, email);
    await submit(page, 'Sign in');
    await rowWith(page, 'tea.txt', 'COMPLETED').waitFor();
  });
});

describePage('the sign-in form for Firebase', () => {
  test('explains a failed sign-in and keeps the input of the form', async () => {
    const page = await open();
    const email = await signUp(page);
    await signOut(page);
    const alert = page.getByRole('alert');
    await fill(page, email, 'wrong password');
    await submit(page, 'Sign in');
    await alert
      .getByText('E-mail and password do not match. Check both, or reset your password.')
      .waitFor();
    expect(await page.getByLabel('E-mail').inputValue()).toBe(email);

    await fill(page, newEmail());
    await submit(page, 'Sign in');
    await alert.getByText('E-mail and password do not match').waitFor();
    await fill(page, 'ada');
    await submit(page, 'Sign in');
    await alert.getByText('This is not an e-mail address').waitFor();
    await page.getByRole('button', { name: 'Create an account' }).click();
    await fill(page, email);
    await submit(page, 'Create account');
    await alert
      .getByText('An account for this e-mail address already exists. Sign in instead.')
      .waitFor();
    await fill(page, newEmail(), 'abc');
    await submit(page, 'Create account');
    await alert.getByText('This password is too easy to guess').waitFor();
  });

  test('sends a link for a forgotten password without revealing who has an account', async () => {
    const page = await open();
    const email = await signUp(page);
    await signOut(page);
    for (const address of [email, newEmail()]) {
      await page.getByLabel('E-mail').fill(address);
      await page.getByRole('button', { name: 'Forgot your password?' }).click();
      await page.getByText(`If an account exists for ${address}`).waitFor();
    }
  });

  test('reports that the sign-in service is not responding', async () => {
    const page = await open();
    await page.route(`${emulator}/**`, (route) => route.abort());
    await fill(page, newEmail());
    await submit(page, 'Sign in');
    await page.getByRole('alert').getByText('The sign-in service is not responding').waitFor();
  });

  test.each(['light', 'dark'] as const)(
    'passes the accessibility checks in the %s colour scheme, narrow and wide',
    async (colorScheme) => {
      const problems: string[] = [];
      for (const width of [360, 1440]) {
        const page = await open({ colorScheme, width });
        const inspectView = async (view: string) =>
          problems.push(...(await inspect(page, `firebase-${view}-${width}-${colorScheme}`)));
        await page.getByLabel('E-mail').waitFor();
        await inspectView('sign-in');
        await fill(page, newEmail());
        await submit(page, 'Sign in');
        await page.getByRole('alert').waitFor();
        await inspectView('failed');
        await page.getByRole('button', { name: 'Create an account' }).click();
        await inspectView('sign-up');
        await submit(page, 'Create account');
        await waitUntilLive(page);
        await page.getByText('No documents yet').waitFor();
        await inspectView('empty');
      }
      expect(problems).toEqual([]);
    },
  );
});

describePage('a Firebase token', () => {
  test.each(FLOWS)(
    'reconnects with a fresh token after the close code 4403: %s',
    async (flow: Flow) => {
      const page = await open();
      const email = await signUp(page);
      if (flow !== 'GraphQL') await page.getByText(flow).click();
      await waitUntilLive(page);
      await signOut(page);
      const codes = await recordCloseCodes(page);
      await shortenNextToken(page, 4);
      const refreshed = page.waitForResponse((response) =>
        response.url().includes('securetoken.googleapis.com'),
      );
      await fill(page, email);
      await submit(page, 'Sign in');
      await waitUntilLive(page);
      expect((await refreshed).status()).toBe(200);
      expect(await codes()).toContain(4403);
      await waitUntilLive(page);
      await uploadTea(page);
      expect(await heading(page).count()).toBe(0);
    },
  );

  test('signs a locked account out and gives the reason', async () => {
    const page = await open();
    const email = await signUp(page);
    await signOut(page);
    await shortenNextToken(page, 4);
    await page.route('**/securetoken.googleapis.com/**', (route) =>
      route.fulfill({ status: 400, json: { error: { code: 400, message: 'USER_DISABLED' } } }),
    );
    await fill(page, email);
    await submit(page, 'Sign in');
    await page.getByRole('alert').getByText('Your account is locked').waitFor();
    await heading(page).waitFor();
  });
});

/** Changes the expiry of a token of the emulator, which does not sign its tokens. */
function withExpiry(token: string, seconds: number): string {
  const [header, payload] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as object;
  const changed = { ...claims, exp: Math.floor(Date.now() / 1_000) + seconds };
  return `${header ?? ''}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.`;
}

/** Records the close codes of the sockets that the page opens from now on. */
async function recordCloseCodes(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const codes: number[] = [];
    const Original = window.WebSocket;
    window.WebSocket = class extends Original {
      constructor(address: string | URL, protocols?: string | string[]) {
        super(address, protocols);
        this.addEventListener('close', ({ code }) => codes.push(code));
      }
    };
    Object.assign(window, { closeCodes: codes });
  });
  return () => page.evaluate(() => (window as unknown as { closeCodes: number[] }).closeCodes);
}
