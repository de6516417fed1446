import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

import { systemEnvironment } from '../../src/util/environment.js';
import { MCPConnection } from '../../src/index.js';
import { createInspectorServer } from '../../src/inspect/index.js';
import type { InspectorServer, InspectorServerOptions } from '../../src/inspect/index.js';
import { createScriptedServer, replay } from '../../src/testing/index.js';
import type { ScriptedServer } from '../../src/testing/index.js';
import { errorFrom } from '../support/outcomes.js';
import { RecordedLines } from '../support/recordings.js';
import { startChromium } from './chromium.js';

/** The state of a server that can go silent. */
interface Mood {
  silent: boolean;
}

let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
}, 90_000);

afterAll(async () => {
  await browser.close();
});

/** An inspector with a server and a page, and everything that the page asked for or complained of. */
class Stage implements AsyncDisposable {
  readonly addresses: string[] = [];
  readonly complaints: string[] = [];
  readonly #clients: MCPConnection[] = [];

  private constructor(
    readonly inspector: InspectorServer,
    readonly server: ScriptedServer,
    readonly mood: Mood,
    readonly page: Page,
  ) {
    page.on('request', (request) => this.addresses.push(request.url()));
    page.on('websocket', (socket) => this.addresses.push(socket.url()));
    page.on('pageerror', ({ message }) => this.complaints.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
  }

  static async set(options: InspectorServerOptions = {}, context: BrowserContextOptions = {}): Promise<Stage> {
    const inspector = await createInspectorServer(options);
    const mood: Mood = { silent: false };
    const unlessSilent = (result: object) => () => (mood.silent ? undefined : result);
    const server = createScriptedServer({
      revision: '2025-11-25',
      handlers: {
        ping: unlessSilent({}),
        'tools/call': ({ name }) => (name === 'slow' ? undefined : unlessSilent({ content: [] })()),
      },
    });
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...context });
    // So that it is said what was waited for in vain.
    page.setDefaultTimeout(15_000);
    const stage = new Stage(inspector, server, mood, page);
    await page.goto(inspector.url);
    return stage;
  }

  /** A connection that is watched. */
  async connect(name: string, { server = this.server, healthCheckInterval = 0 } = {}): Promise<MCPConnection> {
    const connection = new MCPConnection(name, server.transport, {
      inspect: this.inspector,
      healthCheckInterval,
      // The state lasts for long enough, also where the page is slow.
      reconnectDelay: 2_000,
      // The whole of the delay, so that the state can be seen.
      environment: { ...systemEnvironment, random: () => 1 },
    });
    this.#clients.push(connection);
    await connection.connect();
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
    for (const client of this.#clients) await client.disconnect();
    await this.server[Symbol.asyncDispose]();
    await this.inspector.close();
    expect(this.complaints).toEqual([]);
  }
}

/** A state of a chart that is lit. */
function lit(page: Page, state: string) {
  return page.locator(`.chart [data-id="${state}"].active`);
}

test('the page lights up what happens: connecting, a call, a server that goes silent, dies and comes back', async () => {
  await using stage = await Stage.set();
  const { page, server, mood } = stage;
  await page.getByText('No client yet').waitFor();
  const connection = await stage.connect('files', { healthCheckInterval: 150 });
  await lit(page, 'connection.linked.established.ready').waitFor();
  await page.locator('#state', { hasText: 'ready' }).waitFor();
  await page.getByRole('treeitem', { name: /health/ }).waitFor();

  const slow = errorFrom(connection.getClient().callTool('slow', {}, { timeout: 20_000 }));
  await connection.getClient().callTool('quick');
  await page.locator('#requests .request', { hasText: 'quick' }).getByText('succeeded').waitFor();
  await page.locator('#requests .request', { hasText: 'slow' }).getByText('waiting').waitFor();
  await lit(page, 'request.inFlight.waiting').waitFor();
  for (const text of ['tools/call quick', 'succeeded']) {
    await page.locator('#sequence').getByText(text, { exact: true }).first().waitFor();
  }

  mood.silent = true;
  await lit(page, 'connection.linked.established.degraded').waitFor();
  await lit(page, 'health.verdict.degraded').waitFor();
  mood.silent = false;
  server.hangUp();
  await lit(page, 'connection.reconnecting').waitFor();
  // The way there is drawn.
  await page.locator('.chart [data-id$="->connection.reconnecting"].last').first().waitFor();
  await lit(page, 'connection.linked.established.ready').waitFor();
  await page.locator('#about', { hasText: 'link 2' }).waitFor();
  await slow;
});

test('the slider goes back to any moment: all of the page shows it, and live again', async () => {
  await using stage = await Stage.set();
  const { page, server } = stage;
  const connection = await stage.connect('files');
  await connection.getClient().callTool('first');
  await page.locator('#requests').getByText('first').waitFor();
  server.hangUp();
  await lit(page, 'connection.reconnecting').waitFor();
  await page.locator('#about', { hasText: 'link 2' }).waitFor();
  await lit(page, 'connection.linked.established.ready').waitFor();
  await connection.getClient().callTool('second');
  await page.locator('#requests').getByText('second').waitFor();

  await page.locator('#slider').focus();
  await page.keyboard.press('Home');
  await page.locator('body[data-live="false"]').waitFor();
  await page.getByRole('button', { name: 'Live', pressed: false }).waitFor();
  expect(await page.locator('#requests .request').count()).toBe(0);
  const walked: string[] = [];
  for (let step = 0; step < 400; step += 1) {
    await page.keyboard.press('ArrowRight');
    // The next picture.
    await page.evaluate(() => new Promise((resolve) => setTimeout(() => requestAnimationFrame(resolve), 90)));
    const state = (await page.locator('#state').textContent()) ?? '';
    if (walked.at(-1) !== state) walked.push(state);
    if (walked.filter((one) => one === 'ready').length === 2) break;
  }
  expect(walked).toEqual([
    'idle',
    'connecting',
    'initializing',
    'ready',
    'reconnecting',
    'connecting',
    'initializing',
    'ready',
  ]);
  expect(await page.locator('#requests').getByText('second').count()).toBe(0);
  // What happens meanwhile does not move the moment.
  await connection.getClient().callTool('third');
  expect(await page.locator('#requests').getByText('third').count()).toBe(0);
  await page.keyboard.press('End');
  await page.locator('#requests').getByText('third').waitFor();
  await page.locator('body[data-live="true"]').waitFor();
}, 90_000);

test('the state of a client is on the time line also where that is forgotten which led to it', async () => {
  await using stage = await Stage.set({ history: 20 });
  const { page } = stage;
  const connection = await stage.connect('files');
  for (let call = 0; call < 10; call += 1) await connection.getClient().callTool('x');
  await page.locator('#requests').getByText('x', { exact: true }).nth(9).waitFor();
  await page.reload();
  await page.locator('#requests').getByText('x', { exact: true }).nth(9).waitFor();
  const bands = await page.locator('#bands .band').evaluateAll((all) => all.map((band) => band.dataset.tone));
  expect(bands).toEqual(['ready']);
});

test('a drag of the slider shows an earlier moment', async () => {
  await using stage = await Stage.set();
  const { page } = stage;
  const connection = await stage.connect('files');
  await connection.getClient().callTool('first');
  await page.locator('#requests').getByText('first').waitFor();
  const box = await page.locator('#slider').boundingBox();
  if (box === null) throw new Error('The slider is not to be seen');
  await page.mouse.click(box.x + 4, box.y + box.height / 2);
  await page.locator('body[data-live="false"]').waitFor();
  await page.locator('#moment', { hasText: 'before the end' }).waitFor();
  await page.getByRole('button', { name: 'Live' }).click();
  await page.locator('body[data-live="true"]').waitFor();
});

test('a page that is loaded again, and a second one, show the same', async () => {
  await using stage = await Stage.set();
  const { page, inspector } = stage;
  const connection = await stage.connect('files');
  await connection.getClient().callTool('first');
  await page.locator('#requests').getByText('first').waitFor();
  await page.reload();
  await page.locator('#requests').getByText('first').waitFor();
  await lit(page, 'connection.linked.established.ready').waitFor();
  const other = await browser.newPage();
  await other.goto(inspector.url);
  await other.locator('#requests').getByText('first').waitFor();
  await connection.getClient().callTool('later');
  for (const one of [page, other]) await one.locator('#requests').getByText('later').waitFor();
  await other.close();
});

test('the events are filtered and searched, and one that is chosen says all that may be seen of it', async () => {
  await using stage = await Stage.set();
  const { page } = stage;
  const connection = await stage.connect('files');
  await connection.getClient().callTool('needle', { secret: 'sk-live-4711' });
  const log = page.locator('#log');
  for (const kind of ['states', 'links', 'health', 'requests'])
    await page.locator('#filters').getByRole('button', { name: kind, exact: true }).click();
  await log.locator('.entry:not([data-kind="messages"])').first().waitFor({ state: 'detached' });
  await page.keyboard.press('/');
  await page.keyboard.type('needle');
  await page.locator('#log-count', { hasText: '1 event' }).waitFor();
  await log.locator('.entry').click();
  const detail = page.locator('#detail');
  await detail.getByText('"method": "tools/call"').waitFor();
  await detail.getByText('"secret": "‹').waitFor();
  expect(await page.content()).not.toContain('sk-live');
});

test('two clients are told apart, and one changes between them', async () => {
  await using stage = await Stage.set();
  const { page } = stage;
  await using otherServer = createScriptedServer({
    revision: '2025-11-25',
    handlers: { 'tools/call': () => ({ content: [] }) },
  });
  const files = await stage.connect('files');
  const weather = await stage.connect('weather', { server: otherServer });
  await files.getClient().callTool('of-files');
  await weather.getClient().callTool('of-weather');
  await page.locator('#requests').getByText('of-files').waitFor();
  expect(await page.locator('#requests').getByText('of-weather').count()).toBe(0);
  await page.getByRole('tab', { name: /weather/ }).click();
  await page.locator('#requests').getByText('of-weather').waitFor();
  await page.getByRole('tab', { name: /weather/, selected: true }).waitFor();
  expect(await page.locator('#log').getByText('of-files').count()).toBe(0);
  await page.locator('body').click({ position: { x: 700, y: 880 } });
  await page.keyboard.press('[');
  await page.getByRole('tab', { name: /files/, selected: true }).waitFor();
  await otherServer[Symbol.asyncDispose]();
  await page
    .locator('[role=tab]', { hasText: 'weather' })
    .getByText(/reconnecting|connecting/)
    .waitFor();
});

test('everything can be done with the keyboard, and the keys are listed', async () => {
  await using stage = await Stage.set();
  const { page } = stage;
  const connection = await stage.connect('files');
  await connection.getClient().callTool('first');
  await page.locator('#log').getByText('first').first().waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog').getByText('one event back or forward').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.keyboard.press('Space');
  await page.locator('body[data-live="false"]').waitFor();
  await page.keyboard.press('Space');
  await page.locator('body[data-live="true"]').waitFor();
  await page.keyboard.press('2');
  await page.locator('.charts > [data-chart="request"]').waitFor();
  await page.keyboard.press('1');
  await page.locator('.charts > [data-chart="connection"]').waitFor();
  await page.keyboard.press('a');
  await page.locator('#lanes').getByText('requests', { exact: true }).waitFor();
  await page.locator('#log').focus();
  await page.keyboard.press('ArrowUp');
  await page.locator('#detail').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#detail').waitFor({ state: 'hidden' });
  // Whatever can have focus has a name.
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, input, [tabindex]')]
      .filter(
        (one) =>
          (
            (one.getAttribute('aria-label') ?? one.getAttribute('aria-labelledby') ?? one.textContent) ||
            one.closest('label')?.textContent ||
            ''
          ).trim() === '',
      )
      .map((one) => one.outerHTML),
  );
  expect(nameless).toEqual([]);
});

test('many clients fit at any width, and whichever is chosen is in sight', async () => {
  await using stage = await Stage.set();
  const { page } = stage;
  for (let one = 0; one < 30; one += 1) {
    const name = one % 4 === 0 ? `client ${one} of ${'a tenant with a long name '.repeat(3)}` : `client ${one}`;
    stage.inspector.attach({ name, transport: 'MemoryTransport' });
  }
  await page.getByRole('tab').nth(29).waitFor();
  const overflow = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  for (const width of [1_440, 900, 400]) {
    await page.setViewportSize({ width, height: 900 });
    expect([width, await overflow()]).toEqual([width, 0]);
  }
  await page.getByRole('tab', { selected: true }).focus();
  await page.keyboard.press('ArrowLeft');
  const last = page.getByRole('tab', { name: /client 29/, selected: true });
  await last.waitFor();
  await page.locator('[role=tab]:focus', { hasText: 'client 29' }).waitFor();
  const right = await last.evaluate((tab) => tab.getBoundingClientRect().right);
  expect(right).toBeLessThanOrEqual(400);
});

test('a narrow page says at once that there is no client, and shows charts and search of one as large as they have to be', async () => {
  await using stage = await Stage.set({}, { viewport: { width: 400, height: 800 } });
  const { page } = stage;
  const none = page.getByText('No client yet');
  await none.waitFor();
  const words = await none.boundingBox();
  expect((words?.y ?? 800) + (words?.height ?? 0)).toBeLessThan(800);
  await stage.connect('files');
  await lit(page, 'connection.linked.established.ready').waitFor();
  const search = await page.locator('#search').boundingBox();
  expect((search?.x ?? 400) + (search?.width ?? 0)).toBeLessThanOrEqual(400);
  for (const chart of await page.locator('.chart svg').all()) {
    expect((await chart.boundingBox())?.height).toBeGreaterThan(250);
  }
});

test('an event that was chosen stays in sight while others come, and where nothing fits the page says so', async () => {
  await using stage = await Stage.set();
  const { page } = stage;
  const connection = await stage.connect('files');
  const client = connection.getClient();
  for (let call = 0; call < 20; call += 1) await client.callTool(`call-${call}`);
  const chosen = page.locator('#log .entry', { hasText: 'call-19' }).last();
  await chosen.click();
  const selected = page.locator('#log .entry[aria-selected=true]');
  const before = await selected.boundingBox();
  for (let call = 0; call < 20; call += 1) await client.callTool('more');
  await page.locator('#requests').getByText('more').first().waitFor();
  expect(await selected.boundingBox()).toEqual(before);
  await page.keyboard.press('/');
  await page.keyboard.type('nothing like that');
  await page.locator('#log-count', { hasText: '0 events' }).waitFor();
  const words = await page.locator('#log .rows').evaluate((rows) => getComputedStyle(rows, '::after').content);
  expect(words).toContain('No matching events');
});

test.each(['light', 'dark'] as const)(
  'the page is %s where the system is, and text stands out from its ground',
  async (colorScheme) => {
    await using stage = await Stage.set({}, { colorScheme });
    const { page } = stage;
    await stage.connect('files');
    await lit(page, 'connection.linked.established.ready').waitFor();
    const brightness = (): Promise<number> =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]));
    expect((await brightness()) > 128).toBe(colorScheme === 'light');
    const contrasts = await page.evaluate<{ text: string; contrast: number }[]>(CONTRASTS);
    expect(contrasts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
    await page.keyboard.press('t');
    await page.locator(`html[data-theme="${colorScheme === 'light' ? 'dark' : 'light'}"]`).waitFor();
    expect((await brightness()) > 128).toBe(colorScheme === 'dark');
    await page.reload();
    await page.locator(`html[data-theme="${colorScheme === 'light' ? 'dark' : 'light'}"]`).waitFor();
  },
);

test('where motion is not wanted nothing moves', async () => {
  await using stage = await Stage.set({}, { reducedMotion: 'reduce' });
  const { page } = stage;
  await stage.connect('files');
  await lit(page, 'connection.linked.established.ready').waitFor();
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
});

test('the page waits for a program that was ended, and goes on with the next one at the same address', async () => {
  const token = 'one-token-for-both-runs-of-the-program';
  await using stage = await Stage.set({ token });
  const { page, inspector } = stage;
  await stage.connect('before');
  await page.getByRole('tab', { name: /before/ }).waitFor();
  await inspector.close();
  await page.getByText('The program has ended').waitFor();
  await using next = await createInspectorServer({ token, port: Number(new URL(inspector.url).port) });
  await using server = createScriptedServer();
  await using client = new MCPConnection('after', server.transport, { inspect: next });
  await client.connect();
  await page.getByRole('tab', { name: /after/ }).waitFor();
  expect(await page.getByRole('tab', { name: /before/ }).count()).toBe(0);
  expect(await page.getByText('The program has ended').isVisible()).toBe(false);
  // That it could not connect in the meantime is no fault.
  stage.complaints.splice(0);
});

test('a recording is shown as one: at its end, at each moment before, and never live', async () => {
  const recorded = new RecordedLines();
  await using server = createScriptedServer({ handlers: { 'tools/call': () => ({ content: [] }) } });
  const connection = new MCPConnection('then', server.transport, { record: recorded, reconnectDelay: 0 });
  await connection.connect();
  await connection.getClient().callTool('read');
  server.hangUp();
  await connection.getClient().callTool('read', {}, { retry: 'safe' });
  await connection.disconnect();

  await using stage = await Stage.set();
  const { page } = stage;
  await replay(recorded.read(), { inspect: stage.inspector, name: 'session.ndjson' });
  await page.getByRole('tab', { name: /session\.ndjson/ }).waitFor();
  await page.getByRole('heading', { name: 'mcp-actors recording' }).waitFor();
  expect(await page.title()).toBe('session.ndjson – recording');
  const end = page.getByRole('button', { name: 'End' });
  expect(await end.getAttribute('aria-pressed')).toBe('true');
  await page.locator('#state', { hasText: 'closed' }).waitFor();
  const since = await page.locator('#state-since').textContent();
  await page.keyboard.press('Home');
  await page.locator('#state', { hasText: 'idle' }).waitFor();
  await end.click();
  await page.locator('#state', { hasText: 'closed' }).waitFor();
  await page.locator('#log .entry', { hasText: 'recording.ended' }).waitFor();
  // Its time stands still.
  expect(await page.locator('#state-since').textContent()).toBe(since);
});

test('at 1,000 requests a second the page still answers at once', async () => {
  await using stage = await Stage.set();
  const { page } = stage;
  const connection = await stage.connect('busy');
  const client = connection.getClient();
  let stopped = false;
  const work = (async () => {
    while (!stopped) {
      await Promise.all(Array.from({ length: 20 }, () => client.callTool('x')));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await page.locator('.meter-note', { hasText: 'only counted' }).waitFor();
  await page.keyboard.press('a');
  await page.locator('#lanes').getByText('requests', { exact: true }).waitFor();
  stopped = true;
  await work;
  await page
    .locator('.meter', { hasText: 'requests per second' })
    .locator('.meter-value', { hasText: /^\d$/ })
    .waitFor();
});

test('the page asks nobody but its server, and a page from elsewhere gets nothing', async () => {
  await using stage = await Stage.set();
  const { page, inspector, addresses } = stage;
  await stage.connect('files');
  await lit(page, 'connection.linked.established.ready').waitFor();
  const { host } = new URL(inspector.url);
  const strange = addresses.filter((address) => !address.startsWith('data:') && new URL(address).host !== host);
  expect(strange).toEqual([]);
  expect(addresses.some((address) => address.startsWith('ws:'))).toBe(true);

  const elsewhere = await createInspectorServer();
  const foreign = await browser.newPage();
  await foreign.goto(elsewhere.url);
  const outcome = await foreign.evaluate(async (url) => {
    const fetched = await fetch(url).then(
      ({ status }) => String(status),
      () => 'refused',
    );
    const opened = await new Promise<string>((resolve) => {
      try {
        const socket = new WebSocket(`${url.replace('http', 'ws')}live`);
        socket.onopen = () => {
          resolve('open');
        };
        socket.onerror = () => {
          resolve('refused');
        };
      } catch {
        resolve('refused');
      }
    });
    return [fetched, opened];
  }, inspector.url);
  expect(outcome).toEqual(['refused', 'refused']);
  await foreign.close();
  await elsewhere.close();
});

/** The contrast of the text of all that is in sight with what is behind it, as WCAG 2 reckons it. Runs in the page. */
const CONTRASTS = `(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const parse = (text) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const part = (one) => (one / 255 <= 0.03928 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let one = element; one !== null; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!own || element.closest('svg, dialog, .unseen') !== null || element.checkVisibility() === false) continue;
    const [one, other] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    found.push({ text: element.className + ': ' + element.textContent.trim().slice(0, 30), contrast: Math.round(contrast * 100) / 100 });
  }
  return found;
})()`;
