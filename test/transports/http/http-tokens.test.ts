import { HttpTransport, MCPAuthenticationError, MCPClient, SseTransport } from '../../../src/index.js';
import type { MCPClientOptions, TokenRefusal, TokenSource } from '../../../src/index.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import { legacyServer, modernServer, ScriptedHttpServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { errorFrom, rejection } from '../../support/outcomes.js';
import { until } from '../../support/waiting.js';
import { systemEnvironment } from '../../../src/util/environment.js';
import type { Environment } from '../../../src/util/environment.js';

const CHALLENGE = 'Bearer error="invalid_token", scope="read write", resource_metadata="https://a.invalid/prm"';

/** How long a response that was left may take to end, in ms. */
const DRAIN_TIMEOUT = 250;

let server: ScriptedHttpServer;
/** The token that the server takes. */
let valid: string;
let client: MCPClient;

beforeEach(() => {
  valid = 'first';
});

afterEach(async () => {
  await client.disconnect();
  await server.close();
});

/** Turns away whoever has another token than the valid one. */
function guard(visit: HttpVisit): boolean {
  if (visit.headers.authorization === `Bearer ${valid}`) return false;
  visit.status(401, { 'www-authenticate': CHALLENGE });
  return true;
}

/** A source that keeps its token until it is refused. */
class CachingSource implements TokenSource {
  readonly refusals: TokenRefusal[] = [];
  #token = valid;

  token(refusal?: TokenRefusal): Promise<string> {
    if (refusal !== undefined) {
      this.refusals.push(refusal);
      this.#token = valid;
    }
    return Promise.resolve(this.#token);
  }
}

async function connect(auth: TokenSource, options: MCPClientOptions = {}): Promise<void> {
  client = new MCPClient(new HttpTransport(server.url, { auth }), options);
  const { era } = await client.connect();
  // What a legacy client sends besides: that it is initialized, and the question for a stream.
  if (era === 'legacy') await server.until(() => server.visits.length === 4);
}

function calls(): (string | undefined)[] {
  return server.asked('tools/call').map(({ headers }) => headers.authorization);
}

describe.each([
  ['modern', modernServer],
  ['legacy', legacyServer],
] as const)('a token that a %s server refuses in the middle of a session', (_era, play) => {
  beforeEach(async () => {
    server = await ScriptedHttpServer.start(play(guard));
  });

  test('is renewed once by its source, which hears why, and nobody notices', async () => {
    const auth = new CachingSource();
    await connect(auth);
    valid = 'second';
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(calls()).toEqual(['Bearer first', 'Bearer second']);
    expect(auth.refusals).toEqual([
      {
        token: 'first',
        status: 401,
        error: 'invalid_token',
        requiredScope: 'read write',
        resourceMetadata: 'https://a.invalid/prm',
      },
    ]);
    expect(client.state).toBe('ready');
    await client.callTool('buy');
    expect(calls()).toHaveLength(3);
  });

  test('is sent no second time by a source that has no other, and the call fails with the challenge', async () => {
    const asked: (TokenRefusal | undefined)[] = [];
    await connect({
      token: (refusal) => {
        asked.push(refusal);
        return 'first';
      },
    });
    valid = 'second';
    asked.length = 0;
    const error = await errorFrom(client.callTool('buy'));
    expect(error).toBeInstanceOf(MCPAuthenticationError);
    expect(error).toMatchObject({ errorCode: 401, details: { error: 'invalid_token', requiredScope: 'read write' } });
    expect(calls()).toHaveLength(1);
    expect(asked).toEqual([undefined, expect.objectContaining({ token: 'first' })]);
    expect(client.state).toBe('ready');
  });

  test('is not renewed for ever', async () => {
    let count = 0;
    await connect({ token: () => (server.visits.length < 8 && count === 0 ? 'first' : `never-${(count += 1)}`) });
    valid = 'second';
    count = 1;
    const error = await errorFrom(client.callTool('buy'));
    expect(error).toBeInstanceOf(MCPAuthenticationError);
    expect(calls()).toHaveLength(2);
    expect(new Set(calls()).size).toBe(2);
  });

  test('and whose source fails then ends the call with what the source said', async () => {
    await connect({
      token: (refusal) => (refusal === undefined ? 'first' : Promise.reject(new Error('signed out'))),
    });
    valid = 'second';
    const error = await errorFrom(client.callTool('buy'));
    expect(error).toMatchObject({
      message: 'tools/call "buy": auth.token() failed: signed out',
      delivery: 'not-sent',
      cause: { message: 'signed out' },
    });
    expect(calls()).toHaveLength(1);
  });
});

describe.each([
  ['modern', modernServer],
  ['legacy', legacyServer],
] as const)('a refusal of a %s server whose body never ends', (_era, play) => {
  const refused: HttpVisit[] = [];

  beforeEach(async () => {
    refused.length = 0;
    server = await ScriptedHttpServer.start(
      play((visit) => {
        if (visit.headers.authorization === `Bearer ${valid}`) return false;
        visit.response.writeHead(401, { 'www-authenticate': CHALLENGE }).write('go');
        refused.push(visit);
        return true;
      }),
    );
  });

  test('is enough to ask for another token, and its connection is closed', async () => {
    await connect(new CachingSource(), { timeout: 5_000 });
    valid = 'second';
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(calls()).toEqual(['Bearer first', 'Bearer second']);
    await refused[0]?.closed();
  });

  test('is handed out where there is no other token, and its connection is closed', async () => {
    await connect({ token: () => 'first' }, { timeout: 5_000 });
    valid = 'second';
    expect(await errorFrom(client.callTool('buy'))).toBeInstanceOf(MCPAuthenticationError);
    expect(calls()).toHaveLength(1);
    await refused[0]?.closed();
  });

  test('may break off while another token is asked for', async () => {
    const auth: TokenSource = {
      token: async (refusal) => {
        if (refusal === undefined) return 'first';
        refused[0]?.reset();
        await refused[0]?.closed();
        return valid;
      },
    };
    await connect(auth, { timeout: 5_000 });
    valid = 'second';
    expect(textOf(await client.callTool('buy'))).toBe('done');
    expect(calls()).toEqual(['Bearer first', 'Bearer second']);
  });

  test('is given up with the call that waits for another token', async () => {
    let asked: () => void = () => undefined;
    const asking = new Promise<void>((resolve) => (asked = resolve));
    await connect({
      token: (refusal) => {
        if (refusal === undefined) return 'first';
        asked();
        return new Promise(() => undefined);
      },
    });
    valid = 'second';
    const stop = new AbortController();
    const calling = rejection(client.callTool('buy', {}, { signal: stop.signal }));
    await asking;
    stop.abort();
    await calling;
    await refused[0]?.closed();
    // For the farewell.
    valid = 'first';
  });
});

test('a refused response that has ended leaves no timer behind', async () => {
  server = await ScriptedHttpServer.start(modernServer(guard));
  const timers = { set: 0, fired: 0 };
  const pending = new Set<unknown>();
  const environment: Environment = {
    ...systemEnvironment,
    setTimeout: (callback, delay) => {
      if (delay !== DRAIN_TIMEOUT) return systemEnvironment.setTimeout(callback, delay);
      timers.set += 1;
      const timer = systemEnvironment.setTimeout(() => {
        timers.fired += 1;
        pending.delete(timer);
        callback();
      }, delay);
      pending.add(timer);
      return timer;
    },
    clearTimeout: (timer) => {
      pending.delete(timer);
      systemEnvironment.clearTimeout(timer);
    },
  };
  await connect({ token: () => Promise.resolve('first') }, { environment });
  valid = 'another';
  await errorFrom(client.callTool('do'));
  await until(() => pending.size === 0);
  // The one that fires is of the link, which waits for responses to calls that have an outcome.
  expect(timers).toEqual({ set: 2, fired: 1 });
});

test('a source without a token that is taken does not make a client that reconnects try for ever', async () => {
  server = await ScriptedHttpServer.start(modernServer(guard));
  await connect({ token: () => 'first' }, { autoReconnect: true, maxReconnectAttempts: 1_000, reconnectDelay: 1 });
  valid = 'second';
  const { port } = server;
  await server.close();
  // Three calls that cannot reach it, and it counts as lost.
  const calling = Promise.all([1, 2, 3].map(() => errorFrom(client.callTool('buy', {}, { timeout: 10_000 }))));
  server = await ScriptedHttpServer.start(modernServer(guard), port);
  // Either the call itself was refused, or the attempt to come back.
  for (const error of await calling) {
    expect([error.code, (error.cause as { code?: string } | undefined)?.code]).toContain('MCP_AUTHENTICATION_REQUIRED');
  }
  const asked = server.visits.length;
  await errorFrom(client.callTool('buy'));
  expect(server.visits.length).toBeLessThanOrEqual(asked + 2);
});

test('the older HTTP+SSE renews its token as well', async () => {
  let stream: HttpVisit | undefined;
  server = await ScriptedHttpServer.start((visit) => {
    if (guard(visit)) return;
    if (visit.method === 'GET') {
      stream = visit.stream();
      stream.response.write('event: endpoint\ndata: /post\n\n');
      return;
    }
    const { id, method } = visit.message;
    visit.status(202);
    const serverInfo = { name: 'older', version: '1' };
    const result =
      method === 'initialize'
        ? { protocolVersion: '2024-11-05', capabilities: { tools: {} }, serverInfo }
        : { content: [{ type: 'text', text: 'done' }] };
    if (method === 'server/discover') {
      stream?.event({ jsonrpc: '2.0', id, error: { code: -32_601, message: 'No' } });
    } else if (id !== undefined) stream?.event({ jsonrpc: '2.0', id, result });
  });
  const auth = new CachingSource();
  client = new MCPClient(new SseTransport(server.url, undefined, { auth }));
  await client.connect();
  valid = 'second';
  expect(textOf(await client.callTool('buy'))).toBe('done');
  expect(auth.refusals).toHaveLength(1);
});
