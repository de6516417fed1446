import { interactive, memoryStore, oauth } from '../../src/auth/index.js';
import type { SignInPrompt } from '../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../src/index.js';
import { endAfterEach } from '../support/endings.js';
import { browseForms } from '../support/form-browser.js';
import { errorFrom } from '../support/outcomes.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { HttpProcess } from '../support/servers/http-process.js';

jest.setTimeout(60_000);

const endLater = endAfterEach();

let server: HttpProcess;
let prompts: SignInPrompt[];
let lastPages: string[];

beforeEach(async () => {
  server = await HttpProcess.sdkAuth();
  endLater(() => server.kill());
  prompts = [];
  lastPages = [];
});

/** A client whose person submits the form of the authorization server, and whose browser returns to the listener of the client. */
function clientWith(store = memoryStore()): MCPClient {
  const grant = interactive({
    onPrompt: async (prompt) => {
      prompts.push(prompt);
      lastPages.push(await browseForms(prompt.url));
    },
  });
  const client = new MCPClient(new HttpTransport(server.url, { auth: oauth({ grant, store }) }));
  endLater(() => client.close());
  return client;
}

async function callTwenty(client: MCPClient): Promise<string[]> {
  const results = await Promise.all(Array.from({ length: 20 }, () => client.callTool('who')));
  return [...new Set(results.map((result) => textOf(result)))];
}

test('registers, signs in and calls with the token at the authorization server of the official SDK', async () => {
  const client = clientWith();
  await client.connect();
  const [id, ...others] = await callTwenty(client);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(others).toEqual([]);
  const counts = ['registered', 'authorized', 'exchanged', 'refreshed'].map((line) => server.count(line));
  expect(counts).toEqual([1, 1, 1, 0]);
  expect(prompts).toEqual([expect.objectContaining({ kind: 'redirect', reason: 'sign-in', scopes: ['mcp'] })]);
  expect(prompts[0]?.issuer).not.toContain(`:${server.port}`);
  expect(lastPages).toEqual([expect.stringContaining('Signed in')]);
});

test('refreshes a rotating token of the official SDK once for twenty calls, each time that it expires', async () => {
  const client = clientWith();
  await client.connect();
  for (let expired = 1; expired <= 3; expired += 1) {
    await server.command('expire');
    expect(await callTwenty(client)).toHaveLength(1);
    expect(server.count('refreshed')).toBe(expired);
  }
  expect(server.count('reused')).toBe(0);
  expect(prompts).toHaveLength(1);
});

test('a later client uses the stored token and client of the official SDK', async () => {
  const store = memoryStore();
  const first = clientWith(store);
  await first.connect();
  await first.close();
  await server.command('expire');
  const second = clientWith(store);
  await second.connect();
  expect(await callTwenty(second)).toHaveLength(1);
  expect([server.count('registered'), server.count('refreshed'), prompts.length]).toEqual([1, 1, 1]);
});

test('signing out revokes both tokens at the official SDK, and the next sign-in uses the same registration', async () => {
  const client = clientWith();
  await client.connect();
  await client.signOut();
  expect([server.count('revoked refresh'), server.count('revoked access')]).toEqual([1, 1]);
  expect(await errorFrom(client.callTool('who'))).toMatchObject({ delivery: 'not-sent' });
  await client.signIn();
  expect(await callTwenty(client)).toHaveLength(1);
  expect([server.count('registered'), server.count('exchanged'), prompts.length]).toEqual([1, 2, 2]);
});
