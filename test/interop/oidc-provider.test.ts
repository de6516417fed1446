import { memoryStore } from '../../src/auth/index.js';
import type { OAuth, SignInPrompt } from '../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../src/index.js';
import { endAfterEach } from '../support/endings.js';
import { signedIn } from '../support/servers/authorization-server.js';
import { HttpProcess } from '../support/servers/http-process.js';
import { callTwenty, untilTokensExpire } from '../support/servers/oidc-provider.js';

jest.setTimeout(60_000);

const endLater = endAfterEach();
/** More pages than a sign-in has. */
const MOST_PAGES = 12;

let server: HttpProcess;
let prompts: SignInPrompt[];

beforeEach(async () => {
  server = await HttpProcess.oidcProvider();
  endLater(() => server.kill());
  prompts = [];
});

/** Goes through the pages of the provider, with its cookies, as the browser of a person who agrees. Returns the redirect to the client. */
async function browse(prompt: SignInPrompt): Promise<string> {
  const cookies = new Map<string, string>();
  let { url } = prompt;
  for (let page = 0; page < MOST_PAGES && new URL(url).origin === new URL(prompt.url).origin; page += 1) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const { headers } = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    url = new URL(headers.get('location') ?? '', url).href;
  }
  return url;
}

const oauthOf = (store = memoryStore()): OAuth =>
  signedIn(prompts, { store }, async (prompt) => {
    prompt.complete(await browse(prompt));
  });

async function connect(auth: OAuth, { url } = server): Promise<MCPClient> {
  const client = await MCPClient.connect(new HttpTransport(url, { auth }));
  endLater(() => client.close());
  return client;
}

test('registers, signs in once, and refreshes an expired token once for twenty calls', async () => {
  const client = await connect(oauthOf());
  for (let expired = 1; expired <= 2; expired += 1) {
    await untilTokensExpire();
    expect(await callTwenty(client)).toEqual(new Set(['done']));
    expect(server.count('refreshed')).toBe(expired);
  }
  expect(prompts).toHaveLength(1);
});

test('two connections that share an oauth object refresh a rotating token without losing it', async () => {
  const auth = oauthOf();
  const clients = [await connect(auth), await connect(auth)];
  await untilTokensExpire();
  for (const done of await Promise.all(clients.map((client) => callTwenty(client))))
    expect(done).toEqual(new Set(['done']));
  expect(server.count('refreshed')).toBe(1);
  expect(prompts).toHaveLength(1);
});

test('a later client with the same store refreshes the stored token without a prompt', async () => {
  const store = memoryStore();
  const first = await connect(oauthOf(store));
  await first.close();
  await untilTokensExpire();
  const second = await connect(oauthOf(store));
  expect(await callTwenty(second)).toEqual(new Set(['done']));
  expect(prompts).toHaveLength(1);
});

test('tokens are bound to a key, and nonces are used, for a server that requires it', async () => {
  const bound = await HttpProcess.oidcProvider({ DPOP: '1' });
  endLater(() => bound.kill());
  const store = memoryStore();
  const first = await connect(oauthOf(store), bound);
  expect(await callTwenty(first)).toEqual(new Set(['done']));
  await untilTokensExpire();
  expect(await callTwenty(first)).toEqual(new Set(['done']));
  await first.close();
  await untilTokensExpire();
  const second = await connect(oauthOf(store), bound);
  expect(await callTwenty(second)).toEqual(new Set(['done']));
  expect(prompts).toHaveLength(1);
  expect(bound.count('refreshed')).toBe(2);
});
