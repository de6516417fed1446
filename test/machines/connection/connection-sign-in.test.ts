import { MCPClient } from '../../../src/index.js';
import { RiggedTransport } from '../../support/rigged-transport.js';
import { answer, initializeResult, inTurn, legacyScript, serverWith, silence } from '../../support/servers/scripts.js';
import { SimulatedEnvironment } from '../../support/simulated-environment.js';

/** A client whose first health check is missed. */
async function missedCheck() {
  const clock = new SimulatedEnvironment();
  const script = legacyScript('2025-11-25', { ping: inTurn(silence, answer({})) });
  const server = await serverWith(script, clock);
  const transport = new RiggedTransport(server.transport);
  const client = new MCPClient(transport, { environment: clock, healthCheckInterval: 20_000, autoReconnect: true });
  const connected = client.connect();
  await clock.advance(100);
  await connected;
  const states: string[] = [];
  client.on('state', (state) => states.push(state));
  await clock.advance(31_000);
  expect(client.state).toBe('degraded');
  const signIn = (type: 'signIn.began' | 'signIn.ended'): void => transport.events?.signIn({ type });
  const end = async (): Promise<void> => {
    const closed = client.close();
    await clock.advance(10_000);
    await closed;
    const disposed = server[Symbol.asyncDispose]();
    await clock.advance(10_000);
    await disposed;
  };
  return { clock, client, transport, states, signIn, end };
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
  const clock = new SimulatedEnvironment();
  const slow = [{ wait: 500 }, ...answer(initializeResult())];
  const script = legacyScript('2025-11-25', { initialize: slow, 'logging/setLevel': answer({}) });
  const server = await serverWith(script, clock);
  const transport = new RiggedTransport(server.transport);
  const client = new MCPClient(transport, { environment: clock });
  const connected = client.connect();
  await clock.advance(100);
  transport.events?.signIn({ type: 'signIn.began' });
  const level = client.setLogLevel('info', { timeout: 1_000 });
  await clock.advance(120_000);
  transport.events?.signIn({ type: 'signIn.ended' });
  await clock.advance(900);
  await Promise.all([connected, level]);
  expect(client.state).toBe('ready');
  const closed = client.close();
  await clock.advance(10_000);
  await closed;
  const disposed = server[Symbol.asyncDispose]();
  await clock.advance(10_000);
  await disposed;
});

test('a check that is missed while a person is asked to sign in counts afterwards', async () => {
  const clock = new SimulatedEnvironment();
  const server = await serverWith(legacyScript('2025-11-25', { ping: inTurn(answer({}), silence) }), clock);
  const transport = new RiggedTransport(server.transport);
  const client = new MCPClient(transport, { environment: clock, healthCheckInterval: 20_000, autoReconnect: true });
  const connected = client.connect();
  await clock.advance(100);
  await connected;
  await clock.advance(21_000);
  transport.events?.signIn({ type: 'signIn.began' });
  await clock.advance(31_000);
  transport.events?.signIn({ type: 'signIn.ended' });
  expect(client.explain()).toContain('linked.established.degraded');
  const closed = client.close();
  await clock.advance(10_000);
  await closed;
  const disposed = server[Symbol.asyncDispose]();
  await clock.advance(10_000);
  await disposed;
});
