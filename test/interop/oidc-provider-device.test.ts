import { device, oauth } from '../../src/auth/index.js';
import type { SignInPrompt } from '../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../src/index.js';
import { endAfterEach } from '../support/endings.js';
import { browseForms } from '../support/form-browser.js';
import { errorFrom } from '../support/outcomes.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { callTwenty, untilTokensExpire } from '../support/servers/oidc-provider.js';

jest.setTimeout(60_000);

const endLater = endAfterEach();

let server: HttpProcess;
let prompts: SignInPrompt[];

beforeEach(async () => {
  server = await HttpProcess.oidcProvider();
  endLater(() => server.kill());
  prompts = [];
});

function clientOf(onPrompt: (prompt: SignInPrompt) => Promise<void>): MCPClient {
  const grant = device({
    onPrompt: (prompt) => {
      prompts.push(prompt);
      return onPrompt(prompt);
    },
  });
  const client = new MCPClient(new HttpTransport(server.url, { auth: oauth({ grant }) }));
  endLater(() => client.close());
  return client;
}

test('a person who confirms the code at another device signs the client in, whose token is then refreshed', async () => {
  const client = clientOf(async ({ url }) => {
    expect(await browseForms(url)).toContain('Sign-in Success');
  });
  await client.connect();
  expect(client.authorization?.scopes).toContain('mcp');
  await untilTokensExpire();
  const before = server.count('refreshed');
  expect(await callTwenty(client)).toEqual(new Set(['done']));
  expect(server.count('refreshed') - before).toBe(1);
  expect(prompts).toEqual([expect.objectContaining({ kind: 'device', issuer: new URL(server.url).origin })]);
  expect(prompts[0]?.userCode).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
});

test('a person who denies the code at another device ends the sign-in', async () => {
  const client = clientOf(async ({ url }) => {
    // The provider shows the form for the code again and again.
    await browseForms(url, (fields) => {
      if (fields.has('confirm')) fields.set('abort', 'yes');
    }).catch(() => undefined);
  });
  expect(await errorFrom(client.connect())).toMatchObject({ code: 'MCP_SIGN_IN_DENIED' });
  expect(prompts).toHaveLength(1);
});
