import { MCPCapabilityError, MCPError, MCPTimeoutError } from '../../../src/index.js';
import { ClientAndServer } from '../../support/scripted-clients.js';
import type { PairOptions } from '../../support/scripted-clients.js';
import { errorFrom, isSettled, rejection } from '../../support/outcomes.js';
import { answer, byHand, discoverResult } from '../../support/servers/scripts.js';
import { LISTEN, acknowledge, wanted, watched } from '../../support/subscriptions.js';

const [ONE, TWO] = ['test://one', 'test://two'];

/** A modern server that says by itself only who it is. */
function connected(options?: PairOptions): Promise<ClientAndServer> {
  return ClientAndServer.connect(byHand({ 'server/discover': answer(discoverResult()) }), options);
}

/** How often the server was asked to announce changes. */
const asked = ({ server }: ClientAndServer): number => server.methods.filter((method) => method === LISTEN).length;

describe('watching a resource of a modern server', () => {
  test('takes until the server has acknowledged it', async () => {
    await using pair = await connected();
    const { client, server, clock } = pair;
    const done = client.subscribe(ONE);
    const listen = await server.receive(LISTEN);
    await clock.advance(5_000);
    expect(await isSettled(done)).toBe(false);
    acknowledge(server, listen);
    await done;
    expect(clock.pending.filter(({ delay }) => delay === 30_000)).toEqual([]);
  });

  test('takes no time when that resource is watched already', async () => {
    await using pair = await connected();
    await watched(pair, ONE);
    await pair.client.subscribe(ONE);
    expect(asked(pair)).toBe(1);
  });

  test('several times at once takes one acknowledgement', async () => {
    await using pair = await connected();
    const { client, server } = pair;
    const all = Promise.all([client.subscribe(ONE), client.subscribe(ONE), client.subscribe(TWO)]);
    await server.receive(LISTEN);
    const listen = await server.receive(LISTEN);
    expect(wanted(listen)).toEqual({ resourceSubscriptions: [ONE, TWO] });
    acknowledge(server, listen);
    await all;
    expect(asked(pair)).toBe(2);
  });

  test('is acknowledged for some and refused for others, and what is refused is not watched', async () => {
    await using pair = await connected();
    const { client, server, announced } = pair;
    const [one, two] = [client.subscribe(ONE), errorFrom(client.subscribe(TWO))];
    await server.receive(LISTEN);
    acknowledge(server, await server.receive(LISTEN), { resourceSubscriptions: [ONE] });
    await one;
    const error = await two;
    expect(error).toBeInstanceOf(MCPCapabilityError);
    expect(error).toMatchObject({ code: 'MCP_CAPABILITY_MISSING', details: { refused: [TWO] }, delivery: 'answered' });
    expect(wanted(await server.receive(LISTEN))).toEqual({ resourceSubscriptions: [ONE] });
    // Whoever asked has been told.
    expect(announced.error).toEqual([]);
  });

  test('fails when it takes longer than it may, and the resource is not watched then', async () => {
    await using pair = await connected();
    const { client, server, clock } = pair;
    const failed = errorFrom(client.subscribe(ONE, { timeout: 3_000 }));
    const listen = await server.receive(LISTEN);
    await clock.advance(3_000);
    const error = await failed;
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(error).toMatchObject({ delivery: 'unknown', details: { operation: LISTEN, timeout: 3_000 } });
    expect((await server.receive('notifications/cancelled')).params).toMatchObject({ requestId: listen.id });
    await clock.advance(600_000);
    expect(asked(pair)).toBe(1);
  });

  test('may take less than the whole call', async () => {
    await using pair = await connected({ maxTotalTimeout: 2_000 });
    const failed = errorFrom(pair.client.subscribe(ONE));
    await pair.server.receive(LISTEN);
    await pair.clock.advance(2_000);
    expect(await failed).toMatchObject({ code: 'MCP_TIMEOUT', details: { timeout: 2_000 } });
  });

  test('is asked for again when the server does not acknowledge it at first', async () => {
    await using pair = await connected();
    const { client, server, clock } = pair;
    const done = client.subscribe(ONE);
    await server.receive(LISTEN);
    await clock.advance(11_000);
    acknowledge(server, await server.receive(LISTEN));
    await done;
  });

  test.each([
    ['an error', -32_603, 'MCP_RPC_ERROR'],
    ['that it has no such method', -32_601, 'MCP_RPC_ERROR'],
  ])('rejects at once when the server answers with %s, and emits no error', async (_, code, expected) => {
    await using pair = await connected();
    const { client, server, clock, announced } = pair;
    const failed = errorFrom(client.subscribe(ONE));
    server.respondWithError(await server.receive(LISTEN), code);
    expect(await failed).toMatchObject({ code: expected, errorCode: code, delivery: 'answered' });
    await clock.advance(600_000);
    expect(asked(pair)).toBe(1);
    expect(announced.error).toEqual([]);
  });

  test('fails at once when the server is known to have no such method', async () => {
    await using pair = await connected();
    const { client, server } = pair;
    const failed = errorFrom(client.subscribe(ONE));
    server.respondWithError(await server.receive(LISTEN), -32_601);
    await failed;
    expect(await errorFrom(client.subscribe(TWO))).toMatchObject({
      code: 'MCP_CAPABILITY_MISSING',
      delivery: 'not-sent',
      details: { required: LISTEN },
    });
    expect(asked(pair)).toBe(1);
  });

  test('may be given up, and then the resource is not watched', async () => {
    await using pair = await connected();
    const { client, server } = pair;
    const controller = new AbortController();
    const failed = rejection(client.subscribe(ONE, { signal: controller.signal }));
    const listen = await server.receive(LISTEN);
    controller.abort(new Error('no more'));
    expect(await failed).toBe(controller.signal.reason);
    expect((await server.receive('notifications/cancelled')).params).toMatchObject({ requestId: listen.id });
  });

  test('may be given up by one of two, and the other goes on waiting', async () => {
    await using pair = await connected();
    const { client, server } = pair;
    const controller = new AbortController();
    const given = rejection(client.subscribe(ONE, { signal: controller.signal }));
    const kept = client.subscribe(ONE);
    const listen = await server.receive(LISTEN);
    controller.abort(new Error('no more'));
    await given;
    acknowledge(server, listen);
    await kept;
    expect(asked(pair)).toBe(1);
  });

  test('ends with unsubscribe()', async () => {
    await using pair = await connected();
    const { client, server } = pair;
    const failed = errorFrom(client.subscribe(ONE));
    await server.receive(LISTEN);
    await client.unsubscribe(ONE);
    expect(await failed).toBeInstanceOf(MCPError);
    await server.receive('notifications/cancelled');
  });

  test('is acknowledged in the next session when the link is lost meanwhile', async () => {
    await using pair = await connected({ autoReconnect: true });
    const { client, server, clock, announced } = pair;
    const done = client.subscribe(ONE);
    await server.receive(LISTEN);
    server.hangUp();
    await announced.until(() => client.state === 'reconnecting');
    await clock.advance(1_000);
    acknowledge(server, await server.receive(LISTEN));
    await done;
  });

  test.each([
    ['the connection is lost', async ({ server }: ClientAndServer) => Promise.resolve(server.hangUp())],
    ['the client is closed', ({ client }: ClientAndServer) => client.close()],
  ])('fails at once when %s for good', async (_, end) => {
    await using pair = await connected();
    const failed = errorFrom(pair.client.subscribe(ONE));
    await pair.server.receive(LISTEN);
    await end(pair);
    expect(await failed).toMatchObject({ delivery: 'unknown' });
  });
});
