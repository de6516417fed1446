import type { SubscriptionFilter } from '../../../src/protocol/schema/index.js';
import { discoverResult } from '../../support/servers/scripts.js';
import { legacyServer, modernServer, NOTHING_LEFT, Stage } from '../../support/staged.js';
import type { Behaviour, StagedLink, StageOptions } from '../../support/staged.js';

const both: SubscriptionFilter = { toolsListChanged: true, promptsListChanged: true };

/** Ids of the streams that were asked for over a link, and of those that were given up. */
function streamsOf({ sent }: StagedLink): { asked: unknown[]; dropped: unknown[] } {
  const asked = sent.flatMap((message) =>
    'method' in message && 'id' in message && message.method === 'subscriptions/listen' ? [message.id] : [],
  );
  const dropped = sent.flatMap((message) =>
    'method' in message && message.method === 'notifications/cancelled' ? [message.params?.requestId] : [],
  );
  return { asked, dropped };
}

/** What the newest stream asks for. */
function wantedOf({ sent }: StagedLink): unknown {
  const asked = sent.findLast((message) => 'method' in message && message.method === 'subscriptions/listen');
  return asked !== undefined && 'params' in asked ? asked.params?.notifications : undefined;
}

function acknowledge(link: StagedLink, id: unknown, notifications: SubscriptionFilter = both): void {
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

async function watching(server: Behaviour, options: StageOptions = {}): Promise<Stage> {
  const stage = await Stage.ready({ server, random: () => 0.5, ...options });
  stage.connection.send({ type: 'desire', desired: { lists: ['tools'] } });
  await stage.settle();
  return stage;
}

describe('a modern session', () => {
  it('has no stream while nothing is wanted', async () => {
    const stage = await Stage.ready({ server: announcing });
    await stage.advance(60_000);
    expect(streamsOf(stage.transport.newest)).toEqual({ asked: [], dropped: [] });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('has one stream for everything that is wanted, and asks again when that changes', async () => {
    const stage = await watching(announcing);
    const { newest: link } = stage.transport;
    const [first] = streamsOf(link).asked;
    expect(wantedOf(link)).toEqual({ toolsListChanged: true });
    stage.connection.send({ type: 'desire', desired: { resources: ['file:///a'] } });
    // The old one is given up when the new one stands, so that nothing is missed in between.
    expect(streamsOf(link).dropped).toEqual([]);
    await stage.settle();
    expect(wantedOf(link)).toEqual({ toolsListChanged: true, resourceSubscriptions: ['file:///a'] });
    expect(streamsOf(link).dropped).toEqual([first]);
    stage.connection.send({ type: 'desire', desired: { lists: [], resources: [] } });
    await stage.settle();
    expect(streamsOf(link).dropped).toEqual(streamsOf(link).asked);
    expect(stage.connection.requests.counts.inFlight).toBe(0);
    expect(stage.suspicions).toBe(0);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is not asked again for what has nothing to do with it', async () => {
    const stage = await watching(announcing);
    stage.connection.send({ type: 'desire', desired: { logLevel: 'debug' } });
    stage.connection.send({ type: 'desire', desired: { lists: ['tools'] } });
    stage.connection.send({ type: 'monitor', interval: 60_000 });
    await stage.settle();
    expect(streamsOf(stage.transport.newest).asked).toHaveLength(1);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is only asked for what the server can announce', async () => {
    const stage = await watching(({ method }) =>
      method === 'server/discover' ? { result: discoverResult({ capabilities: { tools: {} } }) } : undefined,
    );
    expect(streamsOf(stage.transport.newest).asked).toEqual([]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('says what the server will not announce after all', async () => {
    const stage = await watching(reserved);
    const { newest: link } = stage.transport;
    acknowledge(link, streamsOf(link).asked[0], { promptsListChanged: true });
    await stage.settle();
    expect(stage.reports).toMatchObject([
      { code: 'MCP_CAPABILITY_MISSING', details: { refused: ['toolsListChanged'] } },
    ]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('gets a new stream when the server ended the old one, and then suspects that changes were missed', async () => {
    const stage = await watching(announcing);
    const { newest: link } = stage.transport;
    const [first] = streamsOf(link).asked;
    link.says({ jsonrpc: '2.0', id: first, result: { resultType: 'complete' } });
    await stage.advance(499);
    expect(streamsOf(link).asked).toHaveLength(1);
    expect(stage.suspicions).toBe(0);
    await stage.advance(1);
    await stage.settle();
    expect(streamsOf(link).asked).toHaveLength(2);
    expect(stage.suspicions).toBe(1);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('waits longer and longer for a server that ends every stream', async () => {
    const times: number[] = [];
    const stage = await Stage.ready({ random: () => 0.5 });
    stage.transport.server = () => {
      times.push(stage.environment.now());
      return { error: { code: -32603, message: 'Not now' } };
    };
    stage.connection.send({ type: 'desire', desired: { lists: ['tools'] } });
    await stage.advance(95_000);
    const waits = times.slice(1).map((time, at) => time - (times[at] ?? 0));
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('asks no more when the server does not know subscriptions', async () => {
    const stage = await watching((request, link) =>
      request.method === 'subscriptions/listen'
        ? { error: { code: -32601, message: 'Method not found' } }
        : modernServer(request, link),
    );
    stage.connection.send({ type: 'desire', desired: { lists: ['prompts'] } });
    await stage.advance(3_600_000);
    expect(streamsOf(stage.transport.newest).asked).toHaveLength(1);
    expect(stage.reports).toMatchObject([{ errorCode: -32601 }]);
    expect(stage.state).toBe('ready');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('gives a stream up that is not acknowledged in time, says so, and asks again', async () => {
    const stage = await watching(reserved);
    const { newest: link } = stage.transport;
    await stage.advance(9_999);
    expect(stage.reports).toEqual([]);
    await stage.advance(1);
    await stage.settle();
    expect(stage.reports).toMatchObject([{ code: 'MCP_TIMEOUT', details: { operation: 'subscriptions/listen' } }]);
    expect(streamsOf(link).dropped).toEqual(streamsOf(link).asked);
    // What comes for it now is too late.
    acknowledge(link, streamsOf(link).asked[0]);
    await stage.advance(500);
    await stage.settle();
    expect(streamsOf(link).asked).toHaveLength(2);
    expect(stage.connection.requests.counts.inFlight).toBe(1);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('is not disturbed by the end of a stream that another has followed', async () => {
    const stage = await watching(announcing);
    const { newest: link } = stage.transport;
    stage.transport.server = reserved;
    stage.connection.send({ type: 'desire', desired: { lists: ['tools', 'prompts'] } });
    await stage.settle();
    const [first, second] = streamsOf(link).asked;
    link.says({ jsonrpc: '2.0', id: first, result: { resultType: 'complete' } });
    acknowledge(link, second);
    await stage.advance(5_000);
    expect(streamsOf(link)).toEqual({ asked: [first, second], dropped: [] });
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });

  it('gets a cancellation when the client disconnects, and a new subscription when it connects again', async () => {
    const stage = await watching(announcing);
    const [first] = stage.transport.links;
    stage.connection.send({ type: 'reconnect' });
    await stage.settle();
    expect(streamsOf(stage.transport.newest).asked).toHaveLength(1);
    expect(stage.transport.newest).not.toBe(first);
    const { newest: link } = stage.transport;
    expect(await stage.end()).toEqual(NOTHING_LEFT);
    expect(streamsOf(link).dropped).toEqual(streamsOf(link).asked);
  });

  it('does not count an open stream as work of the server', async () => {
    const stage = await watching(announcing, { healthInterval: 1_000, policy: { autoReconnect: false } });
    stage.transport.server = () => undefined;
    await stage.advance(60_000);
    expect(stage.state).toBe('closed');
    expect(stage.connection.facts.failure?.message).toMatch(/missed 3 health checks/);
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});

describe('a legacy session', () => {
  it('has no such stream', async () => {
    const stage = await watching(legacyServer);
    expect(stage.transport.newest.methods).not.toContain('subscriptions/listen');
    expect(await stage.end()).toEqual(NOTHING_LEFT);
  });
});
