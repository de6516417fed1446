import type { Failure } from '../../src/util/failure.js';
import type { JSONRPCMessage } from '../../src/protocol/messages/json-rpc.js';
import type { Link, LinkEvents } from '../../src/transports/link.js';
import { MCPTransport } from '../../src/transports/transport.js';
import { hastyEnvironment, LinkRecorder } from '../support/link-recorder.js';

const { signal } = new AbortController();
const lost: Failure = { kind: 'transport', code: 'MCP_TRANSPORT_FAILED', message: 'gone' };

/** What somebody writes who brings a transport of his own: `open`, and nothing else. */
class CustomTransport extends MCPTransport {
  readonly closed: number[] = [];
  readonly #open: (events: LinkEvents, signal: AbortSignal, link: Link) => Promise<Link>;
  #links = 0;

  constructor(open: (events: LinkEvents, signal: AbortSignal, link: Link) => Promise<Link>, timeout?: number) {
    super({ timeout });
    this.#open = open;
  }

  protected open(events: LinkEvents, abort: AbortSignal): Promise<Link> {
    const number = (this.#links += 1);
    return this.#open(events, abort, {
      send: () => undefined,
      close: async () => {
        this.closed.push(number);
      },
    });
  }
}

describe('MCPTransport', () => {
  test('opening that takes too long is a timeout, and a link that comes later is closed before the next is opened', async () => {
    let come: (link: Link) => void = () => undefined;
    let late: Link | undefined;
    const transport = new CustomTransport((_, __, link) => {
      if (late !== undefined) return Promise.resolve(link);
      late = link;
      return new Promise((resolve) => (come = resolve));
    }, 1_000);
    const recorder = new LinkRecorder(hastyEnvironment(50));
    await expect(transport.openLink(recorder.events, signal)).rejects.toMatchObject({
      kind: 'timeout',
      code: 'MCP_TIMEOUT',
      message: 'Opening the connection took longer than 1000 ms',
      delivery: 'not-sent',
      details: { operation: 'connect', timeout: 1_000, phase: 'connecting' },
    });
    expect(transport.connected).toBe(false);
    const next = transport.openLink(recorder.events, signal);
    expect(transport.closed).toEqual([]);
    come(late as Link);
    await next;
    expect(transport.closed).toEqual([1]);
    expect(recorder.timers.size).toBe(0);
    await transport.closeLink();
    expect(transport.closed).toEqual([1, 2]);
  });

  test('waiting for the last link to go can be aborted', async () => {
    const transport = new CustomTransport((_, __, link) =>
      Promise.resolve({ ...link, close: () => new Promise(() => {}) }),
    );
    await transport.openLink(new LinkRecorder().events, signal);
    void transport.closeLink();
    const controller = new AbortController();
    const opening = transport.openLink(new LinkRecorder().events, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });

  test('an open that throws at once rejects like any other', async () => {
    const transport = new CustomTransport(() => {
      throw new Error('no network');
    });
    await expect(transport.openLink(new LinkRecorder().events, signal)).rejects.toMatchObject({
      code: 'MCP_TRANSPORT_FAILED',
      message: 'no network',
      delivery: 'not-sent',
    });
    await expect(transport.connect()).rejects.toMatchObject({ name: 'MCPTransportError', message: 'no network' });
  });

  test('messages of a link that arrive before its owner has it are delivered afterwards, in order', async () => {
    const transport = new CustomTransport(async (events, _, link) => {
      events.message(1);
      events.problem(lost);
      queueMicrotask(() => {
        events.message(2);
      });
      return link;
    });
    const recorder = new LinkRecorder();
    const order: unknown[] = [];
    const message = (value: unknown): void => {
      order.push(value);
      recorder.events.message(value);
    };
    await transport.openLink({ ...recorder.events, message }, signal).then(() => order.push('open'));
    await recorder.until(() => recorder.log.length === 3);
    expect(order).toEqual(['open', 1, 2]);
    expect(recorder.log.map(({ type }) => type)).toEqual(['message', 'problem', 'message']);
    await transport.closeLink();
  });

  test('a link that ended before its owner had it is reported as open and then as ended', async () => {
    const transport = new CustomTransport(async (events, _, link) => {
      events.closed(lost);
      events.message('too late');
      return link;
    });
    const recorder = new LinkRecorder();
    await transport.openLink(recorder.events, signal);
    expect(await recorder.untilClosed()).toBe(lost);
    expect(recorder.log).toHaveLength(1);
    expect(transport.connected).toBe(false);
    await transport.closeLink();
    expect(transport.closed).toEqual([1]);
  });

  test('a link that ended by itself is closed before the next is opened', async () => {
    let told: LinkEvents | undefined;
    const transport = new CustomTransport((events, _, link) => {
      told = events;
      return Promise.resolve(link);
    });
    await transport.connect();
    told?.closed(lost);
    await expect(transport.receiveMessage()).rejects.toMatchObject({ message: 'gone' });
    expect(transport.closed).toEqual([]);
    await transport.connect();
    expect(transport.closed).toEqual([1]);
    await transport.disconnect();
  });

  test('by hand: what is not JSON-RPC is left out, and batches are taken apart', async () => {
    const ping: JSONRPCMessage = { jsonrpc: '2.0', id: 1, method: 'ping' };
    const note: JSONRPCMessage = { jsonrpc: '2.0', method: 'notifications/initialized' };
    const transport = new CustomTransport(async (events, _, link) => {
      for (const value of [null, 'text', { id: 1 }, [ping, 7, note], []]) events.message(value);
      events.message({ ...ping, id: 2 });
      return link;
    });
    await transport.connect();
    const received = [
      await transport.receiveMessage(),
      await transport.receiveMessage(),
      await transport.receiveMessage(),
    ];
    expect(received).toEqual([ping, note, { ...ping, id: 2 }]);
    await transport.disconnect();
  });

  test('driven by hand keeps unread messages up to a limit, and reading past it rejects', async () => {
    const transport = new CustomTransport(async (events, _, link) => {
      for (let id = 0; id < 10_010; id += 1) events.message({ jsonrpc: '2.0', id, method: 'ping' });
      return link;
    });
    await transport.connect();
    let read = 0;
    const full: unknown = await (async () => {
      for (;;) {
        expect(await transport.receiveMessage()).toMatchObject({ id: read });
        read += 1;
      }
    })().catch((thrown: unknown) => thrown);
    expect(read).toBe(10_000);
    expect(full).toMatchObject({ code: 'MCP_QUEUE_FULL', details: { limit: 10_000 } });
    await transport.disconnect();
  });
});
