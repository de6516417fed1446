import { MCPClient } from '../../../src/index.js';
import type { MCPClientOptions } from '../../../src/index.js';
import { errorFrom } from '../../support/outcomes.js';
import { FakeHttpTransport } from '../../support/fake-http-transport.js';
import {
  answer,
  initializeResult,
  inTurn,
  legacyScript,
  scriptedServer,
  silence,
} from '../../support/servers/scripts.js';
import type { Script } from '../../support/servers/scripts.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

/** A client in simulated time that connects to a server with a script. */
async function connecting(script: Script, options: MCPClientOptions = {}) {
  const clock = new SimulatedEnvironment();
  const server = await scriptedServer(legacyScript('2025-11-25', script), clock);
  const transport = new FakeHttpTransport(server.transport);
  const client = new MCPClient(transport, { environment: clock, ...options });
  const connected = client.connect();
  await clock.advance(100);
  const signIn = (type: 'signIn.began' | 'signIn.ended'): void => transport.events?.signIn({ type });
  const end = async (): Promise<void> => {
    for (const ended of [client.close(), server[Symbol.asyncDispose]()]) {
      await clock.advance(10_000);
      await ended;
    }
  };
  return { clock, client, connected, transport, signIn, end };
}

const WATCHED: MCPClientOptions = { healthCheckInterval: 20_000, autoReconnect: true };

/** A client whose first health check is missed. */
async function missedCheck() {
  const stage = await connecting({ ping: inTurn(silence, answer({})) }, WATCHED);
  await stage.connected;
  const states: string[] = [];
  stage.client.on('state', (state) => states.push(state));
  await stage.clock.advance(31_000);
  expect(stage.client.state).toBe('degraded');
  return { ...stage, states };
}

describe('a connection whose health is degraded when a person is asked to sign in', () => {
  test('is degraded afterwards, too, until a check passes', async () => {
    const { clock, client, signIn, end } = await missedCheck();
    signIn('signIn.began');
    expect(client.explain()).toContain('awaitingAuthorization.degraded');
    signIn('signIn.ended');
    expect(client.explain()).toContain('linked.established.degraded');
    await clock.advance(20_000);
    expect(client.state).toBe('ready');
    await end();
  });

  test('is ready afterwards when a check has passed meanwhile', async () => {
    const { clock, client, states, signIn, end } = await missedCheck();
    signIn('signIn.began');
    await clock.advance(20_000);
    expect(client.explain()).toContain('awaitingAuthorization.healthy');
    signIn('signIn.ended');
    expect(states).toEqual(['degraded', 'ready']);
    await end();
  });
});

test('a session that is lost while a person is asked to sign in begins again afterwards', async () => {
  const { clock, client, transport, signIn, end } = await missedCheck();
  signIn('signIn.began');
  transport.events?.sessionLost();
  expect(client.explain()).toContain('linked.connecting.authorizing.negotiating');
  await clock.advance(600_000);
  signIn('signIn.ended');
  await clock.advance(1_000);
  expect(client.state).toBe('ready');
  await end();
});

test('a caller that needs a session waits beyond its own limit while a person is asked to sign in', async () => {
  const slow = [{ wait: 500 }, ...answer(initializeResult())];
  const { clock, client, connected, signIn, end } = await connecting({
    initialize: slow,
    'logging/setLevel': answer({}),
  });
  signIn('signIn.began');
  const level = client.setLogLevel('info', { timeout: 1_000 });
  await clock.advance(120_000);
  signIn('signIn.ended');
  await clock.advance(900);
  await Promise.all([connected, level]);
  expect(client.state).toBe('ready');
  await end();
});

test('a check that is missed while a person is asked to sign in counts afterwards', async () => {
  const { clock, client, connected, signIn, end } = await connecting({ ping: inTurn(answer({}), silence) }, WATCHED);
  await connected;
  await clock.advance(21_000);
  signIn('signIn.began');
  await clock.advance(31_000);
  signIn('signIn.ended');
  expect(client.explain()).toContain('linked.established.degraded');
  await end();
});

test('a call waits in the queue no longer than its limit once no person is asked', async () => {
  const slow = [{ wait: 500 }, ...answer(initializeResult())];
  const { clock, client, connected, signIn, end } = await connecting({ initialize: inTurn(slow, silence) });
  signIn('signIn.began');
  await clock.advance(60_000);
  signIn('signIn.ended');
  const call = errorFrom(client.callTool('x', {}, { timeout: 1_000 }));
  await clock.advance(1_100);
  expect(await call).toMatchObject({ code: 'MCP_TIMEOUT', delivery: 'not-sent' });
  void connected.catch(() => undefined);
  await end();
});
