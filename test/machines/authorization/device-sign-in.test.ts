import { inspect } from 'node:util';

import { device, memoryStore, oauth } from '../../../src/auth/index.js';
import type { OAuthOptions, SignInPrompt, TokenStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient } from '../../../src/index.js';
import type { MCPClientOptions } from '../../../src/index.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import { errorFrom, errorThrownBy } from '../../support/outcomes.js';
import { AuthorizationServer, protectedServer } from '../../support/servers/authorization-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import type { HttpVisit, ScriptedHttpServer } from '../../support/servers/http-server.js';
import { until } from '../../support/waiting.js';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
/** The pauses between two polls that the server wants, in ms, and the longer ones after `slow_down`. */
const PAUSES = [7_000, 12_000, 17_000];
/** The lifetime of a code. */
const LIFETIME = 61_000;

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let prompts: SignInPrompt[];
/** The delays of timers that fire at once. */
let pauses: number[];
let hasty: Set<number>;
/** How many timers have not fired. */
let timers: Set<object>;
const clients: MCPClient[] = [];

const environment = {
  ...systemEnvironment,
  setTimeout: (call: () => void, delay: number) => {
    const isHasty = hasty.has(delay);
    if (isHasty) pauses.push(delay);
    const handle = {};
    timers.add(handle);
    const real = systemEnvironment.setTimeout(
      () => {
        timers.delete(handle);
        call();
      },
      isHasty ? 1 : delay,
    );
    return Object.assign(handle, { real });
  },
  clearTimeout: (handle: unknown) => {
    timers.delete(handle as object);
    systemEnvironment.clearTimeout((handle as { real: unknown }).real);
  },
  hold: (handle: unknown, held: boolean) => {
    systemEnvironment.hold?.((handle as { real: unknown }).real, held);
  },
};

beforeEach(async () => {
  as = new AuthorizationServer();
  prompts = [];
  pauses = [];
  hasty = new Set(PAUSES);
  timers = new Set();
  server = await protectedServer(as);
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
  // The timer of a request that was given up ends with its connection.
  await until(() => timers.size === 0, 2_000);
});

function clientOf(
  options: OAuthOptions = {},
  onPrompt: (prompt: SignInPrompt) => void | Promise<void> = () => undefined,
  settings: MCPClientOptions = {},
): MCPClient {
  const grant = device({
    onPrompt: (prompt) => {
      prompts.push(prompt);
      return onPrompt(prompt);
    },
  });
  const auth = oauth({ grant, ...options });
  const client = new MCPClient(new HttpTransport(server.url, { auth }), { environment, ...settings });
  clients.push(client);
  return client;
}

const polled = (): number => as.forms.filter((form) => form.has('device_code')).length;

describe('a sign-in with a device code', () => {
  test('registers, shows the code, and polls until the person has signed in', async () => {
    as.polls = ['authorization_pending', 'authorization_pending'];
    const client = clientOf({ scopes: ['a'] });
    // The clock of the client: that of the system may be set meanwhile.
    const before = systemEnvironment.now();
    await client.connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(pauses).toEqual([7_000, 7_000, 7_000]);
    expect(as.requests).toEqual([
      'GET /.well-known/oauth-protected-resource/mcp',
      'GET /.well-known/oauth-authorization-server/as',
      'POST /as/register',
      'POST /as/device',
      ...Array<string>(3).fill('POST /as/token'),
    ]);
    const registered = server.visits.find(({ path }) => path === '/as/register');
    expect(JSON.parse(registered?.body ?? '')).toMatchObject({
      ...{ redirect_uris: [], response_types: [], application_type: 'native' },
      grant_types: [DEVICE_CODE, 'refresh_token'],
    });
    expect(Object.fromEntries(as.pages[0] ?? [])).toEqual({ client_id: 'client-1', resource: server.url, scope: 'a' });
    expect(Object.fromEntries(as.forms[0] ?? [])).toMatchObject({ grant_type: DEVICE_CODE, client_id: 'client-1' });
    const [prompt] = prompts;
    expect(prompts).toHaveLength(1);
    expect(prompt).toMatchObject({
      kind: 'device',
      reason: 'sign-in',
      server: server.url,
      issuer: `${server.origin}/as`,
      scopes: ['a'],
      url: `${server.origin}/as/activate?user_code=WDJB-MJHT`,
      userCode: 'WDJB-MJHT',
    });
    const left = (prompt?.expiresAt ?? 0) - before;
    expect(left).toBeGreaterThanOrEqual(LIFETIME - 1);
    expect(left).toBeLessThan(LIFETIME + 60_000);
    expect(prompt?.signal.aborted).toBe(true);
  });

  test('is shown in the state of the client, and its refresh token renews the token', async () => {
    hasty.clear();
    const client = clientOf();
    const connected = client.connect();
    await new Promise<void>((resolve) => {
      client.on('authorization', ({ state }) => {
        if (state === 'awaiting-user') resolve();
      });
    });
    expect(client.state).toBe('connecting');
    expect(client.authorization?.prompt?.userCode).toBe('WDJB-MJHT');
    prompts[0]?.cancel();
    expect(await connected.catch((thrown: unknown) => thrown)).toMatchObject({ code: 'MCP_SIGN_IN_CANCELLED' });
    hasty = new Set(PAUSES);
    await client.connect();
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(as.forms.at(-1)?.get('grant_type')).toBe('refresh_token');
    expect(prompts).toHaveLength(2);
  });

  test('polls 5 s later after each slow_down and each outage', async () => {
    as.polls = ['slow_down'];
    let outages = 0;
    as.twist = (visit) => {
      const isDown = visit.path === '/as/token' && as.polls.length === 0 && (outages += 1) === 1;
      if (isDown) visit.status(503);
      return isDown;
    };
    await clientOf().connect();
    expect(pauses).toEqual([7_000, 12_000, 17_000]);
    expect(prompts).toHaveLength(1);
  });

  test('polls each 5 s if the server names no interval, and not more often than each second', async () => {
    for (const [interval, pause] of [
      [undefined, 5_000],
      [0.001, 1_000],
    ] as const) {
      pauses = [];
      as.twist = (visit) => {
        const isDevice = visit.path === '/as/device';
        // Other timers have such delays, too.
        if (isDevice) hasty = new Set([pause]);
        if (isDevice) answerWith(visit, { interval });
        else hasty.clear();
        return isDevice || answerPoll(visit);
      };
      await clientOf().connect();
      expect(pauses).toEqual([pause]);
    }
  });

  test('asks for further scopes with another code', async () => {
    await server.close();
    server = await protectedServer(as, (visit, token) => {
      const lacks =
        visit.message.params?.name === 'write' &&
        token !== undefined &&
        as.scopes.get(token)?.includes('write') !== true;
      if (lacks) visit.status(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write"' });
      return lacks;
    });
    const client = clientOf();
    await client.connect();
    expect(textOf(await client.callTool('write'))).toBe('done');
    expect(prompts.map(({ reason, scopes }) => [reason, scopes])).toEqual([
      ['sign-in', []],
      ['scopes', ['write']],
    ]);
  });

  test('registers again when the server has forgotten the client', async () => {
    as.polls = ['invalid_client'];
    await clientOf().connect();
    expect(as.count('/as/register')).toBe(2);
    expect(prompts).toHaveLength(2);
  });
});

/** A device authorization response with other values. Its code is known to {@link answerPoll}. */
function answerWith(visit: HttpVisit, more: object): void {
  const issuer = `${server.origin}/as`;
  visit.json({
    device_code: 'own',
    user_code: 'CODE',
    verification_uri: `${issuer}/activate`,
    expires_in: 61,
    ...more,
  });
}

function answerPoll(visit: HttpVisit): boolean {
  const isPoll = visit.path === '/as/token' && visit.body.includes('device_code=own');
  if (isPoll) visit.json(as.issue(''));
  return isPoll;
}

describe('the end of a sign-in with a device code', () => {
  test.each([
    ['access_denied', 'MCP_SIGN_IN_DENIED'],
    ['expired_token', 'MCP_SIGN_IN_TIMEOUT'],
    ['invalid_grant', 'MCP_TOKEN_REQUEST_REFUSED'],
  ])('is %s of the server: %s', async (error, code) => {
    as.polls = [error];
    const client = clientOf({ client: { id: 'ours' } });
    expect(await errorFrom(client.connect())).toMatchObject({ name: 'MCPAuthenticationError', code });
    expect(polled()).toBe(1);
    expect(prompts[0]?.signal.aborted).toBe(true);
  });

  test('is the expiry of the code, and a later callTool asks no person again', async () => {
    hasty = new Set([LIFETIME]);
    const client = clientOf();
    expect(await errorFrom(client.connect())).toMatchObject({
      code: 'MCP_SIGN_IN_TIMEOUT',
      details: { timeout: LIFETIME },
    });
    expect(polled()).toBe(0);
    expect(prompts).toHaveLength(1);
  });

  test('is `authTimeout` if that is shorter', async () => {
    const client = clientOf({}, undefined, { authTimeout: 2_000 });
    hasty.clear();
    expect(await errorFrom(client.connect())).toMatchObject({
      code: 'MCP_SIGN_IN_TIMEOUT',
      details: { timeout: 2_000 },
    });
    expect((prompts[0]?.expiresAt ?? Infinity) - systemEnvironment.now()).toBeLessThanOrEqual(2_000);
  });

  test.each<[string, (prompt: SignInPrompt) => void | Promise<void>]>([
    [
      'the program cancels it',
      (prompt) => {
        prompt.cancel();
      },
    ],
    [
      '`onPrompt` throws',
      () => {
        throw new Error('no screen');
      },
    ],
    ['`onPrompt` rejects', () => Promise.reject(new Error('no screen'))],
  ])('is MCP_SIGN_IN_CANCELLED without a poll when %s', async (_what, onPrompt) => {
    hasty.clear();
    expect(await errorFrom(clientOf({}, onPrompt).connect())).toMatchObject({ code: 'MCP_SIGN_IN_CANCELLED' });
    expect(polled()).toBe(0);
    expect(prompts[0]?.signal.aborted).toBe(true);
  });

  test('is an abort or a close, also while a poll is on its way', async () => {
    const held: HttpVisit[] = [];
    as.twist = (visit) => {
      const isPoll = visit.path === '/as/token';
      if (isPoll) held.push(visit);
      return isPoll;
    };
    const stop = new AbortController();
    const client = clientOf();
    const signedIn = client.signIn({ signal: stop.signal }).catch((thrown: unknown) => thrown);
    await server.until(() => held.length === 1);
    stop.abort('enough');
    expect(await signedIn).toBe('enough');
    await held[0]?.closed();
    expect(prompts[0]?.signal.aborted).toBe(true);
    const again = client.signIn().catch((thrown: unknown) => thrown);
    await server.until(() => held.length === 2);
    await client.close();
    expect(await again).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    await held[1]?.closed();
    expect(prompts[1]?.signal.aborted).toBe(true);
  });
});

describe('tokens of a poll that is in transit', () => {
  let respond: () => void;

  /** Connects, and resolves when a poll waits for its response. */
  async function polling(store: TokenStore): Promise<MCPClient> {
    const client = clientOf({ store });
    const sent = new Promise<void>((resolve) => {
      as.twist = (visit) => {
        if (visit.path !== '/as/token') return false;
        as.twist = () => false;
        respond = () => {
          as.answer(visit);
        };
        resolve();
        return true;
      };
    });
    void client.connect().catch(() => undefined);
    await sent;
    return client;
  }

  test('are stored when the client is closed meanwhile, and the next one uses them', async () => {
    const store = memoryStore();
    const client = await polling(store);
    const closed = client.close();
    respond();
    await closed;
    const next = clientOf({ store });
    await next.connect();
    expect(textOf(await next.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(1);
    expect(prompts[0]?.signal.aborted).toBe(true);
  });

  test('are not used when the sign-in was cancelled meanwhile', async () => {
    const store = memoryStore();
    const client = await polling(store);
    const ended = new Promise<void>((resolve) => {
      client.on('authorization', ({ state }) => {
        if (state === 'failed') resolve();
      });
    });
    prompts[0]?.cancel();
    await ended;
    respond();
    await client.close();
    await clientOf({ store }).connect();
    expect(prompts).toHaveLength(2);
  });

  test('do not delay close() for more than 2 s', async () => {
    hasty.add(2_000);
    const client = await polling(memoryStore());
    await client.close();
    expect(pauses).toContain(2_000);
    respond();
  });
});

test.each<[string, (client: MCPClient) => Promise<void>]>([
  ['close()', (client) => client.close()],
  ['signOut()', (client) => client.signOut()],
])('`onPrompt` may call %s at once', async (_what, end) => {
  let ended: Promise<void> | undefined;
  const client = clientOf({}, () => {
    ended = end(client);
  });
  const problem = await errorFrom(client.connect());
  await ended;
  expect(problem).toBeInstanceOf(Error);
  expect(problem).not.toMatchObject({ code: 'MCP_INTERNAL' });
  expect(client.authorization?.state).not.toBe('awaiting-user');
  expect(prompts[0]?.signal.aborted).toBe(true);
  expect(polled()).toBe(0);
});

describe('a server', () => {
  test('without a device authorization endpoint is not supported', async () => {
    as.twist = (visit) => {
      const isMetadata = visit.path === '/.well-known/oauth-authorization-server/as';
      if (isMetadata) visit.json({ ...as.metadata(server.origin), device_authorization_endpoint: undefined });
      return isMetadata;
    };
    expect(await errorFrom(clientOf().connect())).toMatchObject({ code: 'MCP_AUTH_UNSUPPORTED' });
    expect(prompts).toEqual([]);
  });

  test.each<[string, object, string]>([
    ['no device code', { device_code: undefined }, 'MCP_AUTH_RESPONSE_INVALID'],
    ['no user code', { user_code: '' }, 'MCP_AUTH_RESPONSE_INVALID'],
    ['a user code that changes what is shown', { user_code: 'A\u202eB' }, 'MCP_AUTH_RESPONSE_INVALID'],
    ['a user code with lines', { user_code: 'A\nB' }, 'MCP_AUTH_RESPONSE_INVALID'],
    ['a long user code', { user_code: 'A'.repeat(101) }, 'MCP_AUTH_RESPONSE_INVALID'],
    ['no page', { verification_uri: undefined }, 'MCP_AUTH_RESPONSE_INVALID'],
    ['a page that is a script', { verification_uri: 'javascript:alert(1)' }, 'MCP_AUTH_URL_FORBIDDEN'],
    ['a page in clear text', { verification_uri: 'http://login.example/' }, 'MCP_AUTH_URL_FORBIDDEN'],
  ])('that answers with %s gets no person', async (_what, more, code) => {
    as.twist = (visit) => {
      const isDevice = visit.path === '/as/device';
      if (isDevice) answerWith(visit, more);
      return isDevice;
    };
    expect(await errorFrom(clientOf().connect())).toMatchObject({ code });
    expect(prompts).toEqual([]);
  });

  test('that repeats the device code in an error does not make it show', async () => {
    as.twist = (visit) => {
      const isPoll = visit.path === '/as/token';
      const code = new URLSearchParams(visit.body).get('device_code');
      if (isPoll) visit.json({ error: 'invalid_request', error_description: `What is ${code}?` }, 400);
      return isPoll;
    };
    const problem = await errorFrom(clientOf().connect());
    expect(problem).toMatchObject({ details: { error: 'invalid_request' } });
    expect(`${inspect(problem, { depth: 8 })}${problem.explain()}`).not.toContain('token-device');
  });
});

test('complete() of such a prompt throws, and the sign-in goes on', async () => {
  let problem: unknown;
  await clientOf({}, (prompt) => {
    problem = errorThrownBy(() => {
      prompt.complete('https://example.com/callback?code=a');
    });
  }).connect();
  expect(problem).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { field: 'callbackUrl' } });
});

test.each<[string, unknown]>([
  ['options', undefined],
  ['onPrompt', {}],
  ['onPrompt', { onPrompt: 'a text' }],
  ['onprompt', { onprompt: () => undefined }],
])('device() names the field %s of an invalid value', (field, options) => {
  expect(errorThrownBy(() => device(options as never))).toMatchObject({
    code: 'MCP_INVALID_PARAMS',
    details: { field },
  });
});
