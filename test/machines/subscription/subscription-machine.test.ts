import type { SubscriptionFilter } from '../../../src/protocol/schema/index.js';
import { discoverResult } from '../../support/servers/scripts.js';
import { legacyServer, modernServer, NOTHING_LEFT, ManualConnection } from '../../support/manual-connection.js';
import type { Behaviour, ManualLink, ManualConnectionOptions } from '../../support/manual-connection.js';

const both: SubscriptionFilter = { toolsListChanged: true, promptsListChanged: true };

/** Ids of the streams that were asked for over a link, and of those that were given up. */
function streamsOf({ sent }: ManualLink): { asked: unknown[]; dropped: unknown[] } {
  const asked = sent.flatMap((message) =>
    'method' in message && 'id' in message && message.method === 'subscriptions/listen' ? [message.id] : [],
  );
  const dropped = sent.flatMap((message) =>
    'method' in message && message.method === 'notifications/cancelled' ? [message.params?.requestId] : [],
  );
  return { asked, dropped };
}

/** What the newest stream asks for. */
function wantedOf({ sent }: ManualLink): unknown {
  const asked = sent.findLast((message) => 'method' in message && message.method === 'subscriptions/listen');
  return asked !== undefined && 'params' in asked ? asked.params?.notifications : undefined;
}

function acknowledge(link: ManualLink, id: unknown, notifications: SubscriptionFilter = both): void {
  link.says({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: { notifications, _meta: { 'io.modelcontextprotocol/subscriptionId': id } },
  });
}

/** Acknowledges every stream, as long as it is told to. */
const announcing: Behaviour = (request, link) => {
  if (request.method !== 'subscriptions/listen') return modernServer(request, link);
  acknowledge(link, request.id, (request.params as { notifications: SubscriptionFilter }).notifications);
  return undefined;
};

/** Answers everything but the request for a stream. */
const reserved: Behaviour = (request, link) =>
  request.method === 'subscriptions/listen' ? undefined : modernServer(request, link);

async function watching(server: Behaviour, options: ManualConnectionOptions = {}): Promise<ManualConnection> {
  const manual = await ManualConnection.ready({ server, random: () => 0.5, ...options });
  manual.connection.send({ type: 'desire', desired: { lists: ['tools'] } });
  await manual.settle();
  return manual;
}

describe('a modern session', () => {
  it('has no stream while nothing is wanted', async () => {
    const manual = await ManualConnection.ready({ server: announcing });
    await manual.advance(60_000);
    expect(streamsOf(manual.transport.newest)).toEqual({ asked: [], dropped: [] });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('has one stream for everything that is wanted, and asks again when that changes', async () => {
    const manual = await watching(announcing);
    const { newest: link } = manual.transport;
    const [first] = streamsOf(link).asked;
    expect(wantedOf(link)).toEqual({ toolsListChanged: true });
    manual.connection.send({ type: 'desire', desired: { resources: ['file:///a'] } });
    // The old one is given up when the new one stands, so that nothing is missed in between.
    expect(streamsOf(link).dropped).toEqual([]);
    await manual.settle();
    expect(wantedOf(link)).toEqual({ toolsListChanged: true, resourceSubscriptions: ['file:///a'] });
    expect(streamsOf(link).dropped).toEqual([first]);
    manual.connection.send({ type: 'desire', desired: { lists: [], resources: [] } });
    await manual.settle();
    expect(streamsOf(link).dropped).toEqual(streamsOf(link).asked);
    expect(manual.connection.requests.counts.inFlight).toBe(0);
    expect(manual.suspicions).toBe(0);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is not asked again for what has nothing to do with it', async () => {
    const manual = await watching(announcing);
    manual.connection.send({ type: 'desire', desired: { logLevel: 'debug' } });
    manual.connection.send({ type: 'desire', desired: { lists: ['tools'] } });
    manual.connection.send({ type: 'monitor', interval: 60_000 });
    await manual.settle();
    expect(streamsOf(manual.transport.newest).asked).toHaveLength(1);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is only asked for what the server can announce', async () => {
    const manual = await watching(({ method }) =>
      method === 'server/discover' ? { result: discoverResult({ capabilities: { tools: {} } }) } : undefined,
    );
    expect(streamsOf(manual.transport.newest).asked).toEqual([]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('says what the server will not announce after all', async () => {
    const manual = await watching(reserved);
    const { newest: link } = manual.transport;
    acknowledge(link, streamsOf(link).asked[0], { promptsListChanged: true });
    await manual.settle();
    expect(manual.reports).toMatchObject([
      { code: 'MCP_CAPABILITY_MISSING', details: { refused: ['toolsListChanged'] } },
    ]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('gets a new stream when the server ended the old one, and then suspects that changes were missed', async () => {
    const manual = await watching(announcing);
    const { newest: link } = manual.transport;
    const [first] = streamsOf(link).asked;
    link.says({ jsonrpc: '2.0', id: first, result: { resultType: 'complete' } });
    await manual.advance(499);
    expect(streamsOf(link).asked).toHaveLength(1);
    expect(manual.suspicions).toBe(0);
    await manual.advance(1);
    await manual.settle();
    expect(streamsOf(link).asked).toHaveLength(2);
    expect(manual.suspicions).toBe(1);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('waits longer and longer for a server that ends every stream', async () => {
    const times: number[] = [];
    const manual = await ManualConnection.ready({ random: () => 0.5 });
    manual.transport.server = () => {
      times.push(manual.environment.now());
      return { error: { code: -32603, message: 'Not now' } };
    };
    manual.connection.send({ type: 'desire', desired: { lists: ['tools'] } });
    await manual.advance(95_000);
    const waits = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('asks no more when the server does not know subscriptions', async () => {
    const manual = await watching((request, link) =>
      request.method === 'subscriptions/listen'
        ? { error: { code: -32601, message: 'Method not found' } }
        : modernServer(request, link),
    );
    manual.connection.send({ type: 'desire', desired: { lists: ['prompts'] } });
    await manual.advance(3_600_000);
    expect(streamsOf(manual.transport.newest).asked).toHaveLength(1);
    expect(manual.reports).toMatchObject([{ errorCode: -32601 }]);
    expect(manual.state).toBe('ready');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('gives a stream up that is not acknowledged in time, says so, and asks again', async () => {
    const manual = await watching(reserved);
    const { newest: link } = manual.transport;
    await manual.advance(9_999);
    expect(manual.reports).toEqual([]);
    await manual.advance(1);
    await manual.settle();
    expect(manual.reports).toMatchObject([{ code: 'MCP_TIMEOUT', details: { operation: 'subscriptions/listen' } }]);
    expect(streamsOf(link).dropped).toEqual(streamsOf(link).asked);
    // What comes for it now is too late.
    acknowledge(link, streamsOf(link).asked[0]);
    await manual.advance(500);
    await manual.settle();
    expect(streamsOf(link).asked).toHaveLength(2);
    expect(manual.connection.requests.counts.inFlight).toBe(1);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('is not disturbed by the end of a stream that another has followed', async () => {
    const manual = await watching(announcing);
    const { newest: link } = manual.transport;
    manual.transport.server = reserved;
    manual.connection.send({ type: 'desire', desired: { lists: ['tools', 'prompts'] } });
    await manual.settle();
    const [first, second] = streamsOf(link).asked;
    link.says({ jsonrpc: '2.0', id: first, result: { resultType: 'complete' } });
    acknowledge(link, second);
    await manual.advance(5_000);
    expect(streamsOf(link)).toEqual({ asked: [first, second], dropped: [] });
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });

  it('gets a cancellation when the client disconnects, and a new subscription when it connects again', async () => {
    const manual = await watching(announcing);
    const [first] = manual.transport.links;
    manual.connection.send({ type: 'reconnect' });
    await manual.settle();
    expect(streamsOf(manual.transport.newest).asked).toHaveLength(1);
    expect(manual.transport.newest).not.toBe(first);
    const { newest: link } = manual.transport;
    expect(await manual.end()).toEqual(NOTHING_LEFT);
    expect(streamsOf(link).dropped).toEqual(streamsOf(link).asked);
  });

  it('does not count an open stream as work of the server', async () => {
    const manual = await watching(announcing, { healthInterval: 1_000, policy: { autoReconnect: false } });
    manual.transport.server = () => undefined;
    await manual.advance(60_000);
    expect(manual.state).toBe('closed');
    expect(manual.connection.facts.failure?.message).toMatch(/missed 3 health checks/);
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});

describe('a legacy session', () => {
  it('has no such stream', async () => {
    const manual = await watching(legacyServer);
    expect(manual.transport.newest.methods).not.toContain('subscriptions/listen');
    expect(await manual.end()).toEqual(NOTHING_LEFT);
  });
});
