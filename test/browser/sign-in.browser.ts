import type { Browser, Page } from 'playwright-core';

import { oauth } from '../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../src/index.js';
import { errorFrom } from '../support/outcomes.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { startChromium } from './chromium.js';
import { FakeDesktop } from './fake-desktop.js';

let browser: Browser;
let server: HttpProcess;

beforeAll(async () => {
  browser = await startChromium();
}, 90_000);

afterAll(async () => {
  await browser.close();
});

beforeEach(async () => {
  server = await HttpProcess.oidcProvider({ FORMS: '1', SECONDS: '600' });
});

afterEach(async () => {
  await server.kill();
});

/** A client without any option that connects, and the browser at the page to which it was opened. */
class Scene implements AsyncDisposable {
  readonly client = new MCPClient(new HttpTransport(server.url, { auth: oauth() }));
  readonly complaints: string[] = [];
  /** The origins of everything that the browser has requested. */
  readonly origins = new Set<string>();
  readonly #desktop = new FakeDesktop();
  readonly connected: Promise<unknown>;
  page!: Page;
  /** What the client has passed to the command that opens the browser. */
  entrance = '';

  private constructor() {
    this.connected = this.client.connect();
    // The tests look at it later.
    this.connected.catch(() => undefined);
  }

  static async set(colorScheme: 'light' | 'dark' = 'light'): Promise<Scene> {
    const scene = new Scene();
    scene.entrance = await scene.#desktop.opened();
    scene.page = await browser.newPage({ viewport: { width: 900, height: 420 }, colorScheme });
    scene.page.setDefaultTimeout(15_000);
    scene.page.on('request', (request) => scene.origins.add(new URL(request.url()).origin));
    scene.page.on('pageerror', ({ message }) => scene.complaints.push(message));
    scene.page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') scene.complaints.push(message.text());
    });
    await scene.page.goto(scene.entrance);
    return scene;
  }

  async click(name: string): Promise<void> {
    await this.page.getByRole('button', { name }).click();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#desktop[Symbol.dispose]();
    await this.page.close();
    await this.client.close();
  }
}

test('a person signs in with a browser: from the command that opens it to the page that says so', async () => {
  await using scene = await Scene.set();
  const { page, client, entrance } = scene;
  // All users of the machine can see the command line.
  expect(entrance).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{36}$/);
  expect(client.authorization?.state).toBe('awaiting-user');
  await scene.click('Sign in');
  await scene.click('Allow');
  await page.getByRole('heading', { name: 'Signed in' }).waitFor();
  await page.getByText('You can close this window and return to your program.').waitFor();
  await scene.connected;
  expect(textOf(await client.callTool('do'))).toBe('done');
  expect(await page.evaluate(() => document.querySelectorAll('script, link, img, iframe').length)).toBe(0);
  expect(scene.complaints).toEqual([]);
  expect([...scene.origins].sort()).toEqual([new URL(server.url).origin, new URL(entrance).origin].sort());
  // The listener is closed: its port may belong to another program now.
  await expect(page.goto(entrance)).rejects.toThrow('ERR_CONNECTION_REFUSED');
}, 60_000);

test('the page says that a person who cancels is not signed in, and the error says why', async () => {
  await using scene = await Scene.set();
  await scene.click('Sign in');
  await scene.click('Cancel');
  await scene.page.getByRole('heading', { name: 'Not signed in' }).waitFor();
  expect(await scene.page.content()).not.toContain('access_denied');
  expect(await errorFrom(scene.connected)).toMatchObject({ code: 'MCP_SIGN_IN_DENIED' });
  expect(server.count('granted authorization_code')).toBe(0);
}, 60_000);

test('the entrance leads to the authorization server once, and other pages of the listener change nothing', async () => {
  await using scene = await Scene.set();
  const { page, entrance } = scene;
  const other = await browser.newPage();
  const { origin } = new URL(entrance);
  for (const [path, status] of [
    [new URL(entrance).pathname, 404],
    ['/callback?code=stolen&state=guessed', 400],
    ['/', 404],
  ] as const) {
    expect((await other.goto(origin + path))?.status()).toBe(status);
    await other.getByRole('heading', { name: 'Nothing to do here' }).waitFor();
  }
  await other.close();
  await scene.click('Sign in');
  await scene.click('Allow');
  await page.getByRole('heading', { name: 'Signed in' }).waitFor();
  await scene.connected;
}, 60_000);

test.each(['light', 'dark'] as const)(
  'the text of the page stands out from its ground where the system is %s',
  async (scheme) => {
    await using scene = await Scene.set(scheme);
    await scene.click('Sign in');
    await scene.click('Allow');
    await scene.page.getByRole('heading', { name: 'Signed in' }).waitFor();
    const [text = '', ground = ''] = await scene.page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.querySelector('p') as Element);
      const canvas = Object.assign(document.createElement('p'), { style: 'color:Canvas' });
      document.body.append(canvas);
      return [color, backgroundColor === 'rgba(0, 0, 0, 0)' ? getComputedStyle(canvas).color : backgroundColor];
    });
    const brightness = (rgb: string): number => Math.max(...(rgb.match(/\d+/g) ?? []).map(Number));
    const [bright, dim] = scheme === 'dark' ? [text, ground] : [ground, text];
    expect(brightness(bright)).toBeGreaterThan(200);
    expect(brightness(dim)).toBeLessThan(60);
  },
  60_000,
);
