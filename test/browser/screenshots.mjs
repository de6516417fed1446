// Takes the pictures of the inspector that are in docs/ from the demonstration of `npm run inspect`: `node test/browser/screenshots.mjs`. Look at
// them before they are committed.
import { fileURLToPath } from 'node:url';
import { createInspectorServer } from 'mcp-actors/inspect';
import { chromium } from 'playwright-core';
import { startDemo } from '../../scripts/inspect-demo.mjs';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));
const inspector = await createInspectorServer();
const endDemo = await startDemo(inspector);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
});

async function open(colorScheme) {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    deviceScaleFactor: 1,
    colorScheme,
    reducedMotion: 'reduce',
  });
  await page.goto(inspector.url);
  await page.getByRole('tab', { name: /files/ }).click();
  return page;
}

const [light, dark] = [await open('light'), await open('dark')];
// A minute makes the small charts and the time line worth looking at.
await new Promise((resolve) => setTimeout(resolve, 55_000));
await light.locator('#state', { hasText: 'degraded' }).waitFor();
await light.waitForTimeout(400);
await light.screenshot({ path: `${docs}inspector-light.png` });
// The loss of the connection, with all actors, gone back to.
await dark.locator('#state', { hasText: 'reconnecting' }).waitFor();
await dark.keyboard.press('a');
await dark.keyboard.press('Space');
await dark.locator('body[data-live="false"]').waitFor();
await dark.waitForTimeout(400);
await dark.screenshot({ path: `${docs}inspector-dark.png` });
await browser.close();
await endDemo();
await inspector.close();
