import type { OAuth, SignInPrompt } from '../../../src/auth/index.js';
import { HttpTransport, MCPClient, MCPConnection, SseTransport } from '../../../src/index.js';
import type { MCPClientOptions } from '../../../src/index.js';
import { AuthorizationServer, browse, protectedServer, signedIn } from '../../support/servers/authorization-server.js';
import { legacyServer, ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import { initializeResult } from '../../support/servers/scripts.js';
import { SseServer, welcome } from '../../support/servers/sse-server.js';
import { errorFrom, rejection } from '../../support/outcomes.js';
import { RecordedLines, replayed } from '../../support/recordings.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';
import { pause, until } from '../../support/waiting.js';
import type { Environment } from '../../../src/util/environment.js';
import { systemEnvironment } from '../../../src/util/environment.js';

/** Milliseconds. A person takes longer than any limit of these tests. */
const PERSON = 2_500;
const LIMIT = 1_500;

const DONE = { content: [{ type: 'text', text: 'done' }] };

let as: AuthorizationServer;
let server: ScriptedHttpServer;
let prompts: SignInPrompt[];
/** Time passes only where a test says so: a slow machine reaches no limit. */
let clock: SimulatedEnvironment;
let environment: Environment;
/** The person does nothing before it is settled. */
let hesitation: Promise<void>;
const clients: MCPClient[] = [];

// The first sign-in loads what it needs.
beforeAll(async () => {
  as = new AuthorizationServer();
  server = await protectedServer(as);
  const client = new MCPClient(new HttpTransport(server.url, { auth: signedIn([]) }));
  await client.connect();
  await client.close();
  await server.close();
});

beforeEach(() => {
  as = new AuthorizationServer();
  prompts = [];
  clock = new SimulatedEnvironment({ start: Date.now() });
  environment = clock;
  hesitation = Promise.resolve();
});

/** Has the person wait until the returned function is called. */
function hesitate(): () => void {
  let act = (): void => undefined;
  hesitation = new Promise<void>((resolve) => (act = resolve));
  return act;
}

/** For tests of limits that are reached. */
function useRealTime(): void {
  environment = systemEnvironment;
}

const pass = (duration: number): Promise<void> => (environment === clock ? clock.advance(duration) : pause(duration));

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});

/** A person who signs in after a while. */
const slow = async (prompt: SignInPrompt): Promise<void> => {
  const callback = await browse(prompt);
  await hesitation;
  await pass(PERSON);
  prompt.complete(callback);
};

/** A person who signs in at once the first time, and then after a while. */
const slowLater = async (prompt: SignInPrompt): Promise<void> => {
  if (prompts.length === 1) prompt.complete(await browse(prompt));
  else await slow(prompt);
};

function clientOf(auth: OAuth, options?: MCPClientOptions): MCPClient {
  const client = new MCPClient(new HttpTransport(server.url, { auth }), { environment, ...options });
  clients.push(client);
  return client;
}

const methods = (visits: readonly HttpVisit[]): unknown[] => visits.map(({ message }) => message.method);

describe('connecting, while a person signs in', () => {
  test('has a limit that stands still, and negotiates once more afterwards', async () => {
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, slow), { connectTimeout: LIMIT, probeTimeout: LIMIT });
    await client.connect();
    expect(client.state).toBe('ready');
    const accepted = server.visits.filter((visit) => as.tokenOf(visit) !== undefined);
    expect(methods(accepted)).toEqual(['server/discover']);
    expect(server.asked('initialize')).toEqual([]);
    expect(prompts).toHaveLength(1);
  });

  test('is a state of its own, which `explain()` names', async () => {
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, slow), { connectTimeout: LIMIT });
    const act = hesitate();
    const connected = client.connect();
    await until(() => prompts.length === 1);
    expect(client.state).toBe('connecting');
    expect(client.explain()).toContain('linked.connecting.authorizing.negotiating');
    act();
    await connected;
  });

  test('waits for a person who was asked before it, also once its link is open', async () => {
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, slow), { connectTimeout: LIMIT });
    const act = hesitate();
    const signedInFirst = client.signIn();
    await until(() => prompts.length === 1);
    const connected = client.connect();
    await until(() => client.explain().includes('linked.connecting.authorizing.negotiating'));
    act();
    await signedInFirst;
    await connected;
    expect(client.state).toBe('ready');
  });

  test('counts the time before and after', async () => {
    useRealTime();
    server = await protectedServer(as, (visit, token) => token !== undefined && visit.message.method !== undefined);
    const client = clientOf(signedIn(prompts, {}, slow), { connectTimeout: LIMIT, retryInitialConnect: false });
    const began = Date.now();
    expect(await errorFrom(client.connect())).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: LIMIT } });
    expect(Date.now() - began).toBeGreaterThan(PERSON + LIMIT / 2);
  });

  test('gives a caller who comes meanwhile the whole of its own limit', async () => {
    useRealTime();
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, slow), { connectTimeout: LIMIT });
    const first = client.connect();
    await until(() => prompts.length === 1);
    await pause(PERSON / 2);
    const joined = client.listTools({ timeout: LIMIT / 2 });
    await Promise.all([first, client.connect({ timeout: LIMIT / 2 }), joined]);
    expect(client.state).toBe('ready');
  });

  test.each([
    ['an abort', (_client: MCPClient, abort: AbortController) => Promise.resolve(abort.abort(new Error('enough')))],
    ['disconnect()', (client: MCPClient) => client.disconnect()],
    ['close()', (client: MCPClient) => client.close()],
  ])('ends the prompt with %s', async (_name, end) => {
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, () => undefined));
    const abort = new AbortController();
    const connected = rejection(client.connect({ signal: abort.signal }));
    await until(() => prompts.length === 1);
    await end(client, abort);
    await connected;
    expect(prompts[0]?.signal.aborted).toBe(true);
    expect(client.state).toBe('closed');
  });

  test('fails with the reason when the person cancels', async () => {
    server = await protectedServer(as);
    const client = clientOf(
      signedIn(prompts, {}, (prompt) => {
        prompt.cancel();
      }),
    );
    expect(await errorFrom(client.connect())).toMatchObject({ code: 'MCP_SIGN_IN_CANCELLED' });
    expect(prompts).toHaveLength(1);
  });

  test('has calls wait in the queue beyond their limit', async () => {
    useRealTime();
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, slow), { connectTimeout: LIMIT });
    const connected = client.connect();
    const early = client.callTool('buy', {}, { timeout: LIMIT });
    await until(() => prompts.length === 1);
    const late = client.callTool('buy', {}, { timeout: LIMIT });
    const limited = errorFrom(client.callTool('buy', {}, { maxTotalTimeout: LIMIT }));
    await connected;
    expect([textOf(await early), textOf(await late)]).toEqual(['done', 'done']);
    expect(await limited).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'not-sent' });
  });

  test('has no limit for another client either, which waits for the same person', async () => {
    server = await protectedServer(as);
    const auth = signedIn(prompts, {}, slow);
    const both = [1, 2].map(() => clientOf(auth, { connectTimeout: LIMIT }));
    await Promise.all(both.map((client) => client.connect()));
    expect(both.map(({ state }) => state)).toEqual(['ready', 'ready']);
    expect(prompts).toHaveLength(1);
  });
});

describe('a call whose token expires, while a person signs in again', () => {
  test('has a timeout that stands still', async () => {
    as.issuesRefreshTokens = false;
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, slowLater));
    await client.connect();
    const states: string[] = [];
    client.on('state', (state) => states.push(state));
    as.expire();
    expect(textOf(await client.callTool('buy', {}, { timeout: LIMIT }))).toBe('done');
    expect(states).toEqual(['degraded', 'ready']);
    expect(prompts).toHaveLength(2);
  });

  test('has it also in a legacy session, which goes on', async () => {
    as.issuesRefreshTokens = false;
    const respond = legacyServer(
      (visit) => {
        if (as.answer(visit)) return true;
        if (as.tokenOf(visit) === undefined) {
          const metadata = `http://${visit.headers.host ?? ''}/.well-known/oauth-protected-resource/mcp`;
          visit.status(401, { 'www-authenticate': `Bearer resource_metadata="${metadata}"` });
          return true;
        }
        if (visit.message.method !== 'tools/call') return false;
        visit.result(DONE);
        return true;
      },
      { sessionId: 's-1' },
    );
    server = await ScriptedHttpServer.start(respond);
    const client = clientOf(signedIn(prompts, {}, slowLater));
    await client.connect();
    await client.callTool('buy');
    as.expire();
    expect(textOf(await client.callTool('buy', {}, { timeout: LIMIT }))).toBe('done');
    expect(server.asked('initialize').filter((visit) => visit.response.statusCode === 200)).toHaveLength(1);
  });

  test('ends at its `maxTotalTimeout`, was not sent, and others go on waiting', async () => {
    as.issuesRefreshTokens = false;
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, slowLater));
    await client.connect();
    as.expire();
    const other = client.callTool('buy');
    const error = await errorFrom(client.callTool('buy', {}, { maxTotalTimeout: LIMIT }));
    expect(error).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'not-sent' });
    expect(textOf(await other)).toBe('done');
  });

  test('waits in `established.awaitingAuthorization`, where health checks wait, too', async () => {
    as.issuesRefreshTokens = false;
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, slowLater), { healthCheckInterval: LIMIT });
    await client.connect();
    // Noted when it happens: in simulated time the state may be over before a test looks again.
    const explained: string[] = [];
    client.on('state', (state) => {
      if (state === 'degraded') explained.push(client.explain());
    });
    as.expire();
    expect(textOf(await client.callTool('buy'))).toBe('done');
    await until(() => client.state === 'ready');
    expect(explained).toEqual([expect.stringContaining('linked.established.awaitingAuthorization')]);
    expect(prompts).toHaveLength(2);
  });

  test('does not start a prompt for a health check', async () => {
    useRealTime();
    as.issuesRefreshTokens = false;
    server = await protectedServer(as);
    const client = clientOf(signedIn(prompts, {}, slowLater), { healthCheckInterval: 50 });
    await client.connect();
    as.expire();
    await pause(LIMIT);
    expect(prompts).toHaveLength(1);
  });

  test('leaves its place to other exchanges', async () => {
    as.granted = 'read';
    server = await protectedServer(as, (visit) => {
      if (visit.message.params?.name !== 'restricted') return false;
      const granted = as.scopes.get(as.tokenOf(visit) ?? '');
      if (granted?.includes('write') === true) return false;
      visit.status(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write"' });
      return true;
    });
    let served = (): void => undefined;
    const othersServed = new Promise<void>((resolve) => (served = resolve));
    const auth = signedIn(prompts, { scopes: ['read'] }, async (prompt) => {
      if (prompts.length > 1) await othersServed;
      await slowLater(prompt);
    });
    const client = new MCPClient(new HttpTransport(server.url, { auth, limits: { maxConnections: 8 } }), {
      environment,
    });
    clients.push(client);
    await client.connect();
    as.granted = 'read write';
    const restricted = Array.from({ length: 20 }, () => client.callTool('restricted', {}, { timeout: LIMIT }));
    await until(() => prompts.length === 2);
    const plain = Array.from({ length: 20 }, () => client.callTool('plain', {}, { timeout: LIMIT }));
    expect((await Promise.all(plain)).map(textOf)).toEqual(plain.map(() => 'done'));
    expect(client.state).toBe('ready');
    served();
    expect((await Promise.all(restricted)).map(textOf)).toEqual(restricted.map(() => 'done'));
    expect(prompts).toHaveLength(2);
  });
});

describe('a recording of a sign-in', () => {
  test('has no secret, and is replayed to the same states and outcomes', async () => {
    as.issuesRefreshTokens = false;
    as.marker = 'marker';
    server = await protectedServer(as);
    const lines = new RecordedLines();
    const client = clientOf(signedIn(prompts, {}, slow), { record: { write: lines.write }, connectTimeout: LIMIT });
    const states: string[] = [];
    client.on('state', (state) => states.push(state));
    await client.connect();
    as.expire();
    await client.callTool('buy', {}, { timeout: LIMIT });
    await client.close();
    expect(lines.text).not.toContain('marker');
    const report = await replayed(lines.read());
    expect(report.states).toEqual(states);
    expect(report.calls.filter(({ outcome }) => outcome === undefined || !('ok' in outcome))).toEqual([]);
  });
});

describe('a recording of a reconnect during a sign-in', () => {
  test('is replayed to the same states', async () => {
    as.issuesRefreshTokens = false;
    server = await protectedServer(as);
    const lines = new RecordedLines();
    const transport = new HttpTransport(server.url, { auth: signedIn(prompts, {}, slowLater) });
    const connection = new MCPConnection('recorded', transport, { record: { write: lines.write } });
    const client = await connection.connect();
    as.expire();
    const act = hesitate();
    const call = client.callTool('buy', {}, { timeout: LIMIT });
    await until(() => prompts.length === 2);
    const reconnected = connection.reconnect();
    // The new link opens while the person is still asked.
    await until(() => connection.explain().includes('linked.connecting.authorizing.negotiating'));
    act();
    await reconnected;
    expect(textOf(await call)).toBe('done');
    await connection.disconnect();
    await replayed(lines.read());
  });
});

describe('HTTP+SSE, while a person signs in', () => {
  let sse: SseServer;

  beforeEach(async () => {
    server = await protectedServer(as);
    as.issuesRefreshTokens = false;
    as.twist = (visit) => {
      if (!visit.path.startsWith('/.well-known/oauth-protected-resource')) return false;
      visit.json({ resource: sse.url, authorization_servers: [`${server.origin}/as`] });
      return true;
    };
    const isRefused = (visit: HttpVisit): boolean => {
      if (as.answer(visit)) return true;
      if (as.tokenOf(visit) !== undefined) return false;
      visit.status(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
      return true;
    };
    sse = await SseServer.start({
      greet: (visit, endpoint) => {
        if (!isRefused(visit)) welcome(visit, endpoint);
      },
      accept: (visit) => {
        if (!isRefused(visit)) visit.response.writeHead(202).end();
      },
      serve: ({ id, method }, stream) => {
        const isTaken = as.tokenOf(sse.posts.at(-1) as HttpVisit) !== undefined;
        if (!isTaken || id === undefined) return;
        const result = method === 'initialize' ? initializeResult('2024-11-05') : DONE;
        stream.event({ jsonrpc: '2.0', id, result });
      },
    });
  });

  afterEach(() => sse.close());

  test('opens its stream, and then has a call wait, beyond their limits', async () => {
    const client = new MCPClient(new SseTransport(sse.url, undefined, { auth: signedIn(prompts, {}, slow) }), {
      environment,
      connectTimeout: LIMIT,
    });
    clients.push(client);
    const act = hesitate();
    const connected = client.connect();
    await until(() => prompts.length === 1);
    expect(client.explain()).toContain('linked.connecting.authorizing.opening');
    act();
    await connected;
    await client.callTool('buy');
    as.expire();
    expect(textOf(await client.callTool('buy', {}, { timeout: LIMIT }))).toBe('done');
    expect(prompts).toHaveLength(2);
  });

  test('has more calls wait than it may post at the same time', async () => {
    const auth = signedIn(prompts, {}, slowLater);
    const client = new MCPClient(new SseTransport(sse.url, undefined, { auth, limits: { maxConnections: 8 } }), {
      environment,
    });
    clients.push(client);
    await client.connect();
    await client.callTool('buy');
    as.expire();
    const calls = Array.from({ length: 12 }, () => client.callTool('buy', {}, { timeout: LIMIT }));
    expect((await Promise.all(calls)).map(textOf)).toEqual(calls.map(() => 'done'));
  });
});
