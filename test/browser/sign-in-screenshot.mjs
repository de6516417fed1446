// Takes the picture of the page at which the browser ends after a sign-in, which is in docs/: `npm run build`, then
// `node test/browser/sign-in-screenshot.mjs`. Look at it before it is committed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HttpTransport, MCPClient } from 'mcp-actors';
import { interactive, oauth } from 'mcp-actors/auth';
import { chromium } from 'playwright-core';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const provider = spawn(process.execPath, [pathOf('../fixtures/servers/oidc-provider.mjs')]);
const [port] = await once(createInterface({ input: provider.stdout }), 'line');
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
});
const page = await browser.newPage({ viewport: { width: 900, height: 240 }, colorScheme: 'light' });
const grant = interactive({ onPrompt: ({ url }) => void page.goto(url) });
const transport = new HttpTransport(`http://127.0.0.1:${port}/mcp`, { auth: oauth({ grant }) });
const client = await MCPClient.connect(transport);
await page.getByRole('heading', { name: 'Signed in' }).waitFor();
await page.screenshot({ path: pathOf('../../docs/sign-in-page.png') });
await client.close();
await browser.close();
provider.kill();
