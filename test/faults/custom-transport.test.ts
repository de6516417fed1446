import { MCPClient, MCPConnectionError, MCPTimeoutError, MCPTransport, MCPTransportError } from '../../src/index.js';
import type { JSONRPCMessage, Link, LinkEvents } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { errorFrom, isSettled, rejection, turns } from '../support/outcomes.js';
import { initializeResult } from '../support/servers/scripts.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

/** What somebody writes who has a way of their own to reach a server. */
class CustomTransport extends MCPTransport {
  readonly #open: (events: LinkEvents, signal: AbortSignal) => Promise<Link>;
  opened = 0;

  constructor(open: (events: LinkEvents, signal: AbortSignal) => Promise<Link>, options?: { timeout?: number }) {
    super(options);
    this.#open = open;
  }

  protected open(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    this.opened += 1;
    return this.#open(events, signal);
  }
}

/** The smallest link with a server behind it: it negotiates, and answers every other request with what was asked. */
function echoLink(events: LinkEvents, more: Partial<Link> = {}): Link {
  return {
    send: (message: JSONRPCMessage) => {
      if (!('method' in message && 'id' in message)) return undefined;
      const { id, method, params } = message;
      let answer: object = { result: { method, params } };
      if (method === 'server/discover') answer = { error: { code: -32601, message: 'no' } };
      if (method === 'initialize') answer = { result: initializeResult() };
      if (method !== 'silent') {
        queueMicrotask(() => {
          events.message({ jsonrpc: '2.0', id, ...answer });
        });
      }
      return undefined;
    },
    close: () => Promise.resolve(),
    ...more,
  };
}

test('a transport of which only open() is written carries a client', async () => {
  const transport = new CustomTransport((events) => Promise.resolve(echoLink(events)));
  await using client = await MCPClient.connect(transport);
  expect(transport).toMatchObject({ connected: true, framing: 'shared', timeout: 30_000 });
  expect(await client.request('x/y', { z: 1 })).toEqual({ method: 'x/y', params: { z: 1 } });
  expect(await client.healthCheck()).toMatchObject({ connected: true, transportType: 'CustomTransport' });
  await client.disconnect();
  expect(transport.connected).toBe(false);
  await client.connect();
  expect(transport.opened).toBe(2);
});

describe('an open() that fails', () => {
  test('by throwing is like one that rejects', async () => {
    const client = new MCPClient(
      new CustomTransport(() => {
        throw new TypeError('broken');
      }),
    );
    const error = await errorFrom(client.connect());
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', message: 'broken', delivery: 'not-sent' });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(client.state).toBe('closed');
  });

  test.each([
    ['an error', new Error('no route'), 'no route'],
    ['a text', 'no route', 'The transport failed: no route'],
    ['undefined', undefined, 'The transport failed: a thrown undefined'],
    ['null', null, 'The transport failed: a thrown null'],
    ['a number', 7, 'The transport failed: a thrown number'],
    ['an object', { password: 'hunter22' }, 'The transport failed: a thrown object'],
    ['an error of this library', new MCPConnectionError('no route', { code: 'MINE' }), 'no route'],
  ])('with %s ends in an error with a message', async (_what, thrown, message) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what others write
    const client = new MCPClient(new CustomTransport(() => Promise.reject(thrown)));
    const error = await errorFrom(client.connect());
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error.message).toBe(message);
    if (thrown !== undefined) expect(error.cause).toBe(thrown);
    expect(error.explain()).not.toContain('hunter22');
    expect(await errorFrom(client.connect())).toMatchObject({ message });
    await client.disconnect();
  });

  test('for some time is tried again', async () => {
    let left = 3;
    const transport = new CustomTransport((events) =>
      (left -= 1) >= 0 ? Promise.reject(new Error('not yet')) : Promise.resolve(echoLink(events)),
    );
    const options = { retryInitialConnect: true, reconnectDelay: 1 };
    await using client = await MCPClient.connect(transport, options);
    expect(client.state).toBe('ready');
    expect(transport.opened).toBe(4);
  });
});

test('an error that is its own cause can be explained', async () => {
  const circular = new Error('round and round');
  circular.cause = circular;
  const client = new MCPClient(new CustomTransport(() => Promise.reject(circular)));
  const error = await errorFrom(client.connect());
  expect(error.explain()).toContain('because round and round');
  expect(client.explain()).toContain('because round and round');
  await client.disconnect();
});

describe('an open() that takes its time', () => {
  test('and obeys the signal is ended by the deadline of connect()', async () => {
    const environment = new SimulatedEnvironment();
    let reason: unknown;
    const transport = new CustomTransport(
      (_events, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(new Error('told to stop'));
          });
        }),
    );
    const client = new MCPClient(transport, { environment });
    const connecting = errorFrom(client.connect({ timeout: 100 }));
    await environment.advance(100);
    expect(await connecting).toMatchObject({ code: 'MCP_TIMEOUT', details: { phase: 'connecting', timeout: 100 } });
    expect(reason).toBeDefined();
    await client.disconnect();
    expect(environment.pending).toEqual([]);
  });

  test('is ended by the timeout of the transport when that is shorter', async () => {
    const environment = new SimulatedEnvironment();
    const transport = new CustomTransport(
      (_events, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
      { timeout: 50 },
    );
    const client = new MCPClient(transport, { environment });
    const connecting = errorFrom(client.connect({ timeout: 100 }));
    await environment.advance(50);
    const error = await connecting;
    expect(error).toBeInstanceOf(MCPTimeoutError);
    expect(error.message).toBe('Opening the connection took longer than 50 ms');
    expect(client.state).toBe('closed');
    await client.disconnect();
    expect(environment.pending).toEqual([]);
  });

  test('and settles after the client was closed: the link is closed and not used', async () => {
    let resolve!: (link: Link) => void;
    let events!: LinkEvents;
    let closes = 0;
    const transport = new CustomTransport((given) => {
      events = given;
      return new Promise((settle) => {
        resolve = settle;
      });
    });
    const client = new MCPClient(transport);
    const recorder = new ClientRecorder(client);
    const controller = new AbortController();
    const connecting = rejection(client.connect({ signal: controller.signal }));
    await recorder.until(() => client.state === 'connecting');
    await turns();
    controller.abort('enough');
    expect(await connecting).toBe('enough');
    const disconnecting = client.disconnect();
    expect(await isSettled(disconnecting)).toBe(false);
    resolve(echoLink(events, { close: () => Promise.resolve(void (closes += 1)) }));
    await disconnecting;
    expect(closes).toBe(1);
    expect(transport.connected).toBe(false);
    expect(client.state).toBe('closed');
  });

  test('is not called when connect() was given up in the meantime', async () => {
    const transport = new CustomTransport(() => new Promise(() => undefined));
    const client = new MCPClient(transport);
    const controller = new AbortController();
    const connecting = rejection(client.connect({ signal: controller.signal }));
    controller.abort('enough');
    expect(await connecting).toBe('enough');
    await client.disconnect();
    expect(transport.opened).toBe(0);
  });

  test('and never settles does not block connect() or close() for ever', async () => {
    const environment = new SimulatedEnvironment();
    const transport = new CustomTransport(() => new Promise(() => undefined));
    const client = new MCPClient(transport, { environment });
    const connecting = errorFrom(client.connect({ timeout: 100 }));
    await environment.advance(100);
    expect(await connecting).toBeInstanceOf(MCPTimeoutError);
    const disconnecting = client.disconnect();
    await environment.advance(60_000);
    expect(await isSettled(disconnecting)).toBe(true);
    expect(environment.pending).toEqual([]);
  });
});

describe('a link that does what it should not', () => {
  test('ends before open() has resolved: connect() fails with its reason', async () => {
    const transport = new CustomTransport((events) => {
      events.closed({ kind: 'transport', code: 'MCP_TRANSPORT_FAILED', message: 'gone already' });
      return Promise.resolve(echoLink(events));
    });
    const client = new MCPClient(transport);
    expect(await errorFrom(client.connect())).toMatchObject({ message: 'gone already' });
    await client.disconnect();
  });

  test('ends twice: the first end counts', async () => {
    let events!: LinkEvents;
    const transport = new CustomTransport((given) => Promise.resolve(echoLink((events = given))));
    await using client = await MCPClient.connect(transport);
    const call = errorFrom(client.request('silent'));
    events.closed({ kind: 'transport', code: 'MCP_TRANSPORT_FAILED', message: 'first' });
    events.closed({ kind: 'transport', code: 'MCP_TRANSPORT_FAILED', message: 'second' });
    expect(await call).toMatchObject({ message: 'first', delivery: 'unknown' });
    expect(client.state).toBe('closed');
  });

  test('sends messages after its end: they are ignored', async () => {
    let events!: LinkEvents;
    const transport = new CustomTransport((given) => Promise.resolve(echoLink((events = given))));
    await using client = await MCPClient.connect(transport);
    const recorder = new ClientRecorder(client, ['notification']);
    await client.disconnect();
    events.message({ jsonrpc: '2.0', method: 'notifications/x' });
    events.problem({ kind: 'protocol', code: 'MCP_INVALID_JSON', message: 'junk' });
    await turns();
    expect(recorder).toMatchObject({ notification: [], warning: [], error: [] });
  });

  test('refuses a message: its call fails and nothing else does', async () => {
    const transport = new CustomTransport((events) => {
      const link = echoLink(events);
      const send = link.send.bind(link);
      return Promise.resolve({
        ...link,
        send: (message) =>
          'method' in message && message.method === 'refused' ? Promise.reject(new Error('too long')) : send(message),
      });
    });
    await using client = await MCPClient.connect(transport);
    const error = await errorFrom(client.request('refused'));
    expect(error).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', message: 'too long', delivery: 'unknown' });
    expect(await client.request('x/y')).toMatchObject({ method: 'x/y' });
  });

  test('throws in send(): the same', async () => {
    const transport = new CustomTransport((events) => {
      const link = echoLink(events);
      const send = link.send.bind(link);
      return Promise.resolve({
        ...link,
        send: (message) => {
          if ('method' in message && message.method === 'refused') throw new Error('too long');
          return send(message);
        },
      });
    });
    await using client = await MCPClient.connect(transport);
    expect(await errorFrom(client.request('refused'))).toMatchObject({ message: 'too long' });
    expect(await errorFrom(client.notify('refused'))).toMatchObject({ message: 'too long' });
    expect(await client.request('x/y')).toMatchObject({ method: 'x/y' });
  });

  test.each([
    [
      'throws',
      (): Promise<void> => {
        throw new Error('cannot close');
      },
    ],
    ['rejects', (): Promise<void> => Promise.reject(new Error('cannot close'))],
  ])('%s in close(): disconnect() resolves all the same', async (_how, close) => {
    const transport = new CustomTransport((events) => Promise.resolve(echoLink(events, { close })));
    const client = await MCPClient.connect(transport);
    await client.disconnect();
    expect(client.state).toBe('closed');
    await client.connect();
    await client.disconnect();
  });

  test('is no link at all: connect() fails', async () => {
    const client = new MCPClient(new CustomTransport(() => Promise.resolve(undefined as unknown as Link)));
    const error = await errorFrom(client.connect());
    expect(error).toBeInstanceOf(MCPTransportError);
    expect(error.message).toBe('open() did not return a link');
    await client.disconnect();
  });

  test('reports a value that is not a message: the client emits a warning', async () => {
    let events!: LinkEvents;
    const transport = new CustomTransport((given) => Promise.resolve(echoLink((events = given))));
    await using client = await MCPClient.connect(transport);
    const recorder = new ClientRecorder(client);
    const self: Record<string, unknown> = {};
    self['self'] = self;
    for (const junk of [undefined, null, 7, 'text', [], self, { jsonrpc: '2.0' }]) events.message(junk);
    expect(recorder.warning).toHaveLength(7);
    expect(await client.request('x/y')).toMatchObject({ method: 'x/y' });
  });
});
