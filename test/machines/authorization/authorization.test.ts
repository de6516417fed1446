import { inspect } from 'node:util';

import { memoryStore } from '../../../src/auth/index.js';
import type { OAuth, SignInPrompt, TokenStore } from '../../../src/auth/index.js';
import { HttpTransport, MCPAuthenticationError, MCPClient } from '../../../src/index.js';
import type { MCPClientOptions, MCPError } from '../../../src/index.js';
import { AuthorizationServer, browse, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import type { Twist } from '../../support/servers/authorization-server.js';
import type { HttpVisit, ScriptedHttpServer } from '../../support/servers/http-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import { errorFrom } from '../../support/outcomes.js';

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let prompts: SignInPrompt[];
const clients: MCPClient[] = [];

beforeEach(() => {
  as = new AuthorizationServer();
  prompts = [];
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});

async function connect(auth: OAuth, options?: MCPClientOptions): Promise<MCPClient> {
  const client = clientOf(auth, options);
  await client.connect();
  return client;
}

function clientOf(auth: OAuth, options?: MCPClientOptions): MCPClient {
  const client = new MCPClient(new HttpTransport(server.url, { auth }), options);
  clients.push(client);
  return client;
}

describe('a server that requires authorization', () => {
  test('gets a token after discovery, registration and one sign-in', async () => {
    server = await protectedServer(as);
    const client = await connect(signedIn(prompts));
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(as.requests).toEqual([
      'GET /.well-known/oauth-protected-resource/mcp',
      'GET /.well-known/oauth-authorization-server/as',
      'POST /as/register',
      'GET /as/authorize',
      'POST /as/token',
    ]);
    const [page] = as.pages;
    const [form] = as.forms;
    expect(page?.get('resource')).toBe(server.url);
    expect(form?.get('resource')).toBe(server.url);
    expect(page?.get('code_challenge_method')).toBe('S256');
    expect(page?.has('scope')).toBe(false);
    expect(prompts).toEqual([
      expect.objectContaining({
        kind: 'redirect',
        reason: 'sign-in',
        server: server.url,
        issuer: `${server.origin}/as`,
      }),
    ]);
    expect(prompts[0]?.signal.aborted).toBe(true);
  });

  test('is asked for no token when it requires none', async () => {
    server = await protectedServer(as, () => false);
    as.valid.add('');
    const client = await connect(signedIn(prompts));
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(as.requests).toEqual([]);
    expect(prompts).toEqual([]);
  });

  test('gets no request of a transport without a client', async () => {
    server = await protectedServer(as);
    const transport = new HttpTransport(server.url, { auth: signedIn(prompts) });
    expect(await errorFrom(transport.connect())).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      details: { field: 'auth' },
    });
    expect(server.visits).toEqual([]);
  });

  test('shares the sign-in of the first connection with others of the same oauth object', async () => {
    server = await protectedServer(as);
    const auth = signedIn(prompts);
    await Promise.all([connect(auth), connect(auth), connect(auth)]);
    expect(prompts).toHaveLength(1);
    expect(as.count('/as/register')).toBe(1);
  });

  test('gets the stored token in the next connection, without a prompt', async () => {
    server = await protectedServer(as);
    const store = memoryStore();
    await (await connect(signedIn(prompts, { store }))).close();
    const client = await connect(signedIn(prompts, { store }));
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(1);
  });

  test('gets the token again after the client has disconnected and connects', async () => {
    server = await protectedServer(as);
    const client = await connect(signedIn(prompts));
    await client.disconnect();
    await client.connect();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(1);
  });

  test('does not get the token of another account', async () => {
    server = await protectedServer(as);
    const store = memoryStore();
    await connect(signedIn(prompts, { store }));
    await connect(signedIn(prompts, { store, account: 'second' }));
    expect(prompts).toHaveLength(2);
  });
});

describe('a token that expires', () => {
  test('is refreshed once for a hundred calls, of which none is sent twice with the new token', async () => {
    server = await protectedServer(as);
    const client = await connect(signedIn(prompts));
    as.expire();
    const results = await Promise.all(Array.from({ length: 100 }, (_, index) => client.callTool('buy', { index })));
    expect(results.map(textOf)).toEqual(Array.from({ length: 100 }, () => 'done'));
    expect(as.forms.map((form) => form.get('grant_type'))).toEqual(['authorization_code', 'refresh_token']);
    const accepted = server.asked('tools/call').filter((visit) => as.tokenOf(visit) !== undefined);
    expect(new Set(accepted.map(({ message }) => JSON.stringify(message.params?.arguments))).size).toBe(100);
    expect(accepted).toHaveLength(100);
    expect(prompts).toHaveLength(1);
  });

  test('is not refreshed again for a refusal that arrives after the new token', async () => {
    const late: HttpVisit[] = [];
    server = await protectedServer(as, (visit, token) => {
      const isLate = token === undefined && visit.message.params?.name === 'slow';
      if (isLate) late.push(visit);
      return isLate;
    });
    const client = await connect(signedIn(prompts));
    as.expire();
    const slow = client.callTool('slow');
    await server.until(() => late.length === 1);
    await client.callTool('buy');
    late[0]?.status(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
    expect(textOf(await slow)).toBe('done');
    expect(as.forms).toHaveLength(2);
  });

  test('is refreshed by its clock, without a refusal', async () => {
    as.expiresIn = 0.001;
    server = await protectedServer(as);
    const client = await connect(signedIn(prompts));
    as.expiresIn = 3_600;
    const before = server.visits.filter(({ headers }) => headers.authorization !== undefined).length;
    await client.callTool('buy');
    await client.callTool('buy');
    expect(as.forms.at(-1)?.get('grant_type')).toBe('refresh_token');
    const refusals = server.visits.filter(({ response }) => response.statusCode === 401);
    expect(refusals.length).toBeLessThan(3);
    expect(server.visits.length).toBeGreaterThan(before);
    expect(prompts).toHaveLength(1);
  });

  test('is refreshed again and again although the store cannot be written', async () => {
    server = await protectedServer(as);
    const kept = new Map<string, string>();
    let isBroken = false;
    const store: TokenStore = {
      read: (key) => Promise.resolve(kept.get(key)),
      write: (key, value = '') =>
        isBroken ? Promise.reject(new Error('The disk is full')) : Promise.resolve(kept.set(key, value).size > 0),
    };
    const client = await connect(signedIn(prompts, { store }));
    isBroken = true;
    for (let expired = 1; expired <= 3; expired += 1) {
      as.expire();
      expect(textOf(await client.callTool('buy'))).toBe('done');
    }
    expect(as.forms.map((form) => form.get('grant_type')).slice(1)).toEqual(Array(3).fill('refresh_token'));
    expect(prompts).toHaveLength(1);
  });

  test('is refreshed once by two oauth objects that share a store', async () => {
    server = await protectedServer(as);
    const store = memoryStore();
    const first = await connect(signedIn(prompts, { store }));
    const second = await connect(signedIn(prompts, { store }));
    as.expire();
    const slow = new Set<HttpVisit>();
    as.twist = (visit) => {
      if (!visit.path.endsWith('/token') || slow.has(visit)) return false;
      slow.add(visit);
      setTimeout(() => as.answer(visit), 50);
      return true;
    };
    await Promise.all([first.callTool('buy'), second.callTool('buy')]);
    expect(as.forms.map((form) => form.get('grant_type'))).toEqual(['authorization_code', 'refresh_token']);
    expect(prompts).toHaveLength(1);
  });

  test('is replaced by a sign-in when its refresh token is refused', async () => {
    as.twist = (visit) => {
      const isRefresh = visit.body.includes('grant_type=refresh_token');
      if (isRefresh) visit.json({ error: 'invalid_grant' }, 400);
      return isRefresh;
    };
    server = await protectedServer(as);
    const client = await connect(signedIn(prompts));
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts.map(({ reason }) => reason)).toEqual(['sign-in', 'expired']);
  });

  test.each([
    ['500', (visit: HttpVisit) => visit.status(500)],
    ['503 with Retry-After', (visit: HttpVisit) => visit.status(503, { 'retry-after': '0' })],
    ['429', (visit: HttpVisit) => visit.status(429)],
    ['a page of HTML', (visit: HttpVisit) => visit.response.writeHead(200, { 'content-type': 'text/html' }).end('<p>')],
    [
      'a reset',
      (visit: HttpVisit) => {
        visit.reset();
      },
    ],
    ['300 KiB', (visit: HttpVisit) => visit.json({ access_token: 'x', filler: 'x'.repeat(300 * 1024) })],
  ])('keeps its refresh token when the token endpoint answers with %s once', async (_what, answer) => {
    let failures = 0;
    as.twist = (visit) => {
      if (!visit.body.includes('grant_type=refresh_token') || failures > 0) return false;
      failures += 1;
      answer(visit);
      return true;
    };
    server = await protectedServer(as);
    const client = await connect(signedIn(prompts), { autoReconnect: true });
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(failures).toBe(1);
    expect(as.forms.at(-1)?.get('grant_type')).toBe('refresh_token');
    expect(prompts).toHaveLength(1);
  });

  test('leads to MCP_TOKEN_REFUSED when the server does not accept the next one either', async () => {
    let refuses = false;
    server = await protectedServer(as, (visit) => {
      if (refuses) visit.status(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
      return refuses;
    });
    as.issuesRefreshTokens = false;
    const client = await connect(signedIn(prompts));
    refuses = true;
    for (let call = 0; call < 3; call += 1) {
      const error = await errorFrom(client.callTool('buy'));
      expect(error).toBeInstanceOf(MCPAuthenticationError);
      expect(error).toMatchObject({ code: 'MCP_TOKEN_REFUSED', delivery: 'not-sent' });
    }
    expect(prompts).toHaveLength(2);
  });
});

/** The token endpoint refuses the client once, as one that it does not know. */
function forgetClientOnce(): Twist {
  let refusals = 0;
  return (visit) => {
    if (!visit.path.endsWith('/token') || refusals > 0) return false;
    refusals += 1;
    visit.json({ error: 'invalid_client' }, 401, { 'www-authenticate': 'Basic realm="as"' });
    return true;
  };
}

describe('a client that the server forgot', () => {
  test('is registered again when the code exchange reports it', async () => {
    as.twist = forgetClientOnce();
    server = await protectedServer(as);
    const client = await connect(signedIn(prompts));
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(as.count('/as/register')).toBe(2);
    expect(prompts).toHaveLength(2);
  });

  test('is registered again although a slow store still has it', async () => {
    as.twist = forgetClientOnce();
    server = await protectedServer(as);
    const kept = new Map<string, string>();
    const store: TokenStore = {
      read: (key) => Promise.resolve(kept.get(key)),
      write: async (key, value) => {
        if (value === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
        return value === undefined ? kept.delete(key) : kept.set(key, value).size > 0;
      },
    };
    await connect(signedIn(prompts, { store }));
    expect(as.count('/as/register')).toBe(2);
  });

  test('is registered again after a sign-in that was cancelled', async () => {
    server = await protectedServer(as);
    const store = memoryStore();
    const cancelled = clientOf(
      signedIn(prompts, { store }, (prompt) => {
        prompt.cancel();
      }),
    );
    expect(await errorFrom(cancelled.connect())).toMatchObject({ code: 'MCP_SIGN_IN_CANCELLED' });
    await connect(signedIn(prompts, { store }));
    expect(as.count('/as/register')).toBe(2);
  });
});

describe('a call that needs more scopes', () => {
  const demand = (scope: string) => (visit: HttpVisit, token: string | undefined) => {
    const lacks =
      visit.message.method === 'tools/call' && !(as.scopes.get(token ?? '') ?? '').split(' ').includes(scope);
    if (lacks && token !== undefined && visit.message.params?.name === 'write')
      visit.status(403, { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` });
    return lacks && token !== undefined && visit.message.params?.name === 'write';
  };

  test('gets them by a sign-in with the earlier ones, while other calls use the old token', async () => {
    server = await protectedServer(as, demand('files:write'));
    const held: (() => void)[] = [];
    const auth = signedIn(prompts, { scopes: ['files:read'] }, async (prompt) => {
      if (prompt.reason === 'scopes') await new Promise<void>((resolve) => held.push(resolve));
      prompt.complete(await browse(prompt));
    });
    const client = await connect(auth);
    const write = client.callTool('write');
    await server.until(() => server.visits.some(({ response }) => response.statusCode === 403));
    const others = await Promise.all(Array.from({ length: 50 }, () => client.callTool('buy')));
    expect(others.map(textOf)).toEqual(Array.from({ length: 50 }, () => 'done'));
    while (held.length === 0) await new Promise(setImmediate);
    held[0]?.();
    expect(textOf(await write)).toBe('done');
    expect(as.pages.at(-1)?.get('scope')).toBe('files:read files:write');
    expect(prompts).toHaveLength(2);
  });

  test('fails at once, without a second page, when the person denies them', async () => {
    server = await protectedServer(as, demand('files:write'));
    const auth = signedIn(prompts, {}, async (prompt) => {
      if (prompt.reason === 'scopes') as.callback = { code: '', error: 'access_denied', error_description: 'no' };
      prompt.complete(await browse(prompt));
    });
    const client = await connect(auth);
    expect(await errorFrom(client.callTool('write'))).toMatchObject({ code: 'MCP_SIGN_IN_DENIED' });
    expect(await errorFrom(client.callTool('write'))).toMatchObject({ code: 'MCP_SCOPE_INSUFFICIENT' });
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(2);
  });

  test('fails without a page when the server requires a scope that was granted', async () => {
    server = await protectedServer(as, (visit, token) => {
      const refuses = visit.message.method === 'tools/call' && token !== undefined;
      if (refuses) visit.status(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="a"' });
      return refuses;
    });
    const client = await connect(signedIn(prompts, { scopes: ['a'] }));
    expect(await errorFrom(client.callTool('write'))).toMatchObject({ code: 'MCP_SCOPE_INSUFFICIENT' });
    expect(prompts).toHaveLength(1);
  });

  test('fails with the refusal of the server when that is about no scope', async () => {
    server = await protectedServer(as, (visit, token) => {
      const refuses = visit.message.method === 'tools/call' && token !== undefined;
      if (refuses) visit.status(403, { 'www-authenticate': 'Bearer realm="mcp"' });
      return refuses;
    });
    const client = await connect(signedIn(prompts));
    expect(await errorFrom(client.callTool('buy'))).toMatchObject({
      code: 'MCP_AUTHENTICATION_REQUIRED',
      errorCode: 403,
    });
    expect(prompts).toHaveLength(1);
  });
});

describe('a sign-in', () => {
  test('is not begun where `prompt` forbids it', async () => {
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, { prompt: 'never' }));
    expect(await errorFrom(client.connect())).toMatchObject({ code: 'MCP_SIGN_IN_REQUIRED' });
    expect(prompts).toEqual([]);
  });

  test('is not begun for a call after connecting with `prompt: "connect"`', async () => {
    server = await protectedServer(as);
    as.issuesRefreshTokens = false;
    const client = await connect(signedIn(prompts, { prompt: 'connect' }));
    as.expire();
    await errorFrom(client.callTool('buy'));
    expect(prompts).toHaveLength(1);
  });

  test('ends with the connection, and its callback is ignored then', async () => {
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, () => undefined));
    const connecting = errorFrom(client.connect());
    await server.until(() => as.count('/as/register') === 1);
    while (prompts.length === 0) await new Promise(setImmediate);
    await client.disconnect();
    await connecting;
    const [prompt] = prompts as [SignInPrompt];
    expect(prompt.signal.aborted).toBe(true);
    prompt.complete(await browse(prompt));
    await new Promise(setImmediate);
    expect(as.forms).toEqual([]);
  });

  test('fails with the error of `onPrompt`', async () => {
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, () => Promise.reject(new Error('no window'))));
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject({ code: 'MCP_SIGN_IN_CANCELLED', cause: { message: 'no window' } });
  });

  test('takes the path of the callback, as a server of the program knows it', async () => {
    server = await protectedServer(as);
    const auth = signedIn(prompts, {}, async (prompt) => {
      const { pathname, search } = new URL(await browse(prompt));
      prompt.complete(`${pathname}${search}`);
    });
    const client = await connect(auth);
    expect(textOf(await client.callTool('buy'))).toBe('done');
  });

  test('goes on after a callback with a wrong state', async () => {
    server = await protectedServer(as);
    const refusals: unknown[] = [];
    const auth = signedIn(prompts, {}, async (prompt) => {
      const callback = await browse(prompt);
      for (const wrong of [callback.replace('state=', 'state=x'), 'http://127.0.0.1:8976/other?state=1', 'code=1']) {
        try {
          prompt.complete(wrong);
        } catch (thrown) {
          refusals.push((thrown as MCPError).code);
        }
      }
      prompt.complete(callback);
    });
    await connect(auth);
    expect(refusals).toEqual(['MCP_INVALID_PARAMS', 'MCP_INVALID_PARAMS', 'MCP_INVALID_PARAMS']);
  });

  test.each([
    ['another issuer', { iss: 'https://other.example' }, 'MCP_ISSUER_MISMATCH'],
    ['no issuer, although it was announced', { iss: '' }, 'MCP_ISSUER_MISMATCH'],
    [
      'another issuer in an error',
      { iss: 'https://other.example', error: 'access_denied', error_description: 'evil' },
      'MCP_ISSUER_MISMATCH',
    ],
    ['no code', { code: '' }, 'MCP_AUTH_RESPONSE_INVALID'],
    ['an error', { error: 'access_denied', error_description: 'not you' }, 'MCP_SIGN_IN_DENIED'],
  ])('ends without a token request when the callback has %s', async (_what, callback, code) => {
    server = await protectedServer(as);
    as.callback = callback;
    const client = clientOf(signedIn(prompts));
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject({ code, delivery: 'not-sent' });
    expect((error as Error).message).not.toContain('evil');
    expect(as.forms).toEqual([]);
    expect(prompts).toHaveLength(1);
  });
});

describe('the new authorization server of an MCP server', () => {
  test.each([
    ['neither the refresh token nor the client of the old one', undefined],
    ['nothing of a client with a secret that was given without an issuer', { id: 'given', secret: 'SECRET-OF-CLIENT' }],
  ])('sees %s', async (_what, given) => {
    let path = '/as';
    as.twist = (visit) => {
      const { host = '' } = visit.headers;
      const origin = `http://${host}`;
      if (visit.path.endsWith('/oauth-protected-resource/mcp'))
        visit.json({ resource: `${origin}/mcp`, authorization_servers: [`${origin}${path}`] });
      else if (visit.path.endsWith('/oauth-authorization-server/new'))
        visit.json({ ...as.metadata(origin), issuer: `${origin}/new`, token_endpoint: `${origin}/as/new/token` });
      else if (visit.path === '/as/new/token') visit.json(as.issue(''));
      else return false;
      as.requests.push(`new ${visit.body}`);
      return true;
    };
    server = await protectedServer(as);
    const client = await connect(signedIn(prompts, { client: given }));
    path = '/new';
    as.callback = { iss: `${server.origin}/new` };
    as.expire();
    const called = await client.callTool('buy').catch((thrown: unknown) => thrown);
    const seen = as.requests.filter((one) => one.startsWith('new ')).join();
    if (given !== undefined) {
      expect(called).toMatchObject({ code: 'MCP_CLIENT_UNKNOWN' });
      expect(seen).not.toContain('grant_type');
      return;
    }
    expect(textOf(called as never)).toBe('done');
    expect(seen).toContain('grant_type=authorization_code');
    expect(seen).not.toMatch(/refresh_token=|client-1&|client_id=client-1$/);
    expect(as.count('/as/register')).toBe(2);
  });
});

describe('a store', () => {
  test('that fails is reported, and the tokens are kept in memory', async () => {
    server = await protectedServer(as);
    const store: TokenStore = {
      read: () => Promise.reject(new Error('disk is gone')),
      write: () => Promise.reject(new Error('disk is full')),
    };
    const client = clientOf(signedIn(prompts, { store }));
    const problems: MCPError[] = [];
    client.on('error', (problem) => problems.push(problem));
    await client.connect();
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(prompts).toHaveLength(1);
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['MCP_TOKEN_STORE_FAILED']));
  });
});

describe('secrets', () => {
  test('of a sign-in and of refreshes show in nothing but the store', async () => {
    as.marker = 'SECRET-MARKER';
    const shown: string[] = [];
    const keep = (value: unknown): void => {
      shown.push(inspect(value, { depth: 4 }));
      if (value instanceof Error) shown.push(String(value), value.stack ?? '', JSON.stringify(value));
      const explain = (value as { explain?: () => string }).explain;
      if (typeof explain === 'function') shown.push(explain.call(value));
    };
    server = await protectedServer(as, (visit, token) => {
      const isEcho = visit.message.params?.name === 'echo';
      if (isEcho) visit.error(500, -32_000, `bad token ${token ?? ''} in ${visit.headers.authorization ?? ''}`);
      return isEcho;
    });
    as.twist = (visit) => {
      const fails = visit.body.includes('SECRET') && visit.body.includes('refresh_token') && as.forms.length > 2;
      if (fails) visit.json({ error: 'invalid_request', error_description: `what is ${visit.body}?` }, 400);
      return fails;
    };
    const auth = signedIn(prompts);
    const lines: string[] = [];
    let inspected = true;
    const note = (text: () => string): void => {
      if (inspected) shown.push(text());
    };
    const transport = new HttpTransport(server.url, { auth });
    const client = new MCPClient(transport, {
      inspect: {
        inspect: (event: unknown) => {
          note(() => inspect(event, { depth: 4 }));
        },
        redact: false,
      },
      record: {
        write: (line: string) => {
          lines.push(line);
        },
      },
    });
    clients.push(client);
    client.on('error', keep);
    client.on('warning', keep);
    await client.connect();
    as.expire();
    await client.callTool('buy');
    // With `redact: false` an inspector sees the messages of the server, also one that contains a token.
    inspected = false;
    keep(await errorFrom(client.callTool('echo')));
    inspected = true;
    as.expire();
    as.forms.push(new URLSearchParams());
    keep(await errorFrom(client.callTool('buy')));
    for (const value of [auth, client, transport, prompts[0]?.scopes]) keep(value);
    const text = [...shown, ...lines].join('\n');
    const verifier = as.forms[0]?.get('code_verifier') ?? 'none';
    const state = as.pages[0]?.get('state') ?? 'none';
    expect(text.length).toBeGreaterThan(1_000);
    for (const secret of ['SECRET-MARKER', verifier, state]) expect(text).not.toContain(secret);
  });
});
