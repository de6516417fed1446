import { MCPClient, MCPTransport } from '../../src/index.js';
import { chaos, createScriptedServer, SimulatedEnvironment } from '../../src/testing/index.js';
import type { ChaosOptions, ScriptedServer } from '../../src/testing/index.js';
import type { JSONRPCMessage } from '../../src/protocol/messages/json-rpc.js';
import type { Link, LinkEvents } from '../../src/transports/link.js';
import { toolsServer } from '../support/servers/fixture-servers.js';
import { LinkRecorder } from '../support/link-recorder.js';
import { errorFrom, isSettled } from '../support/outcomes.js';
import { transportContract } from '../transports/contract.js';
import { servePeer } from '../support/servers/memory-peer.js';

const ask = (id: number): JSONRPCMessage => ({ jsonrpc: '2.0', id, method: 'echo', params: { id } });

/** One link with faults in simulated time, to a server that answers `echo` at once. */
class Bench implements AsyncDisposable {
  readonly clock = new SimulatedEnvironment();
  readonly recorder = new LinkRecorder(this.clock);
  readonly server: ScriptedServer;
  readonly transport;
  link!: Link;

  private constructor(options: ChaosOptions) {
    this.server = createScriptedServer({
      revision: '2025-11-25',
      environment: this.clock,
      handlers: { echo: ({ id }) => ({ id }) },
    });
    this.transport = chaos(this.server.transport, options);
  }

  static async open(options: ChaosOptions): Promise<Bench> {
    const bench = new Bench(options);
    bench.link = await bench.transport.openLink(bench.recorder.events, new AbortController().signal);
    await bench.clock.settle();
    return bench;
  }

  /** Asks something, and does not care whether that can be sent. */
  say(id: number): void {
    this.link.send(ask(id))?.catch(() => undefined);
  }

  /** The ids that the server was asked, in order. */
  get asked(): unknown[] {
    return this.server.received.map((message) => ('id' in message ? message.id : undefined));
  }

  /** The ids of the answers that came, in order. */
  get answered(): unknown[] {
    return this.recorder.messages.map((message) => (message as { id?: unknown }).id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport.closeLink();
    await this.server[Symbol.asyncDispose]();
    if (this.clock.pending.length > 0) throw new Error(`Timers are left: ${JSON.stringify(this.clock.pending)}`);
  }
}

transportContract('A transport with chaos that has no rates', () => {
  const harness = servePeer();
  return { ...harness, transport: chaos(harness.transport) };
});

describe('on the way to the server', () => {
  const toServer = (rate: number): { 'to-server': number } => ({ 'to-server': rate });

  test('a dropped message never arrives, and nothing is reported', async () => {
    await using bench = await Bench.open({ drop: toServer(1) });
    expect(bench.link.send(ask(1))).toBeUndefined();
    await bench.clock.advance(100_000);
    expect(bench.asked).toEqual([]);
    expect(bench.recorder.log).toEqual([]);
    expect(bench.transport.faults).toEqual([
      { fault: 'drop', direction: 'to-server', index: 0, at: 1_000_000, method: 'echo', id: 1 },
    ]);
  });

  test('a message that is delayed comes within maxDelay, and what follows it comes after it', async () => {
    await using bench = await Bench.open({
      delay: toServer(1),
      maxDelay: 300,
      only: (message) => (message as { id: number }).id === 1,
    });
    const sent = bench.link.send(ask(1));
    const next = bench.link.send(ask(2));
    await bench.clock.settle();
    expect(bench.asked).toEqual([]);
    await bench.clock.advance(300);
    expect(bench.asked).toEqual([1, 2]);
    expect(await Promise.all([sent, next])).toEqual([undefined, undefined]);
  });

  test('a stall holds everything for stallTime', async () => {
    await using bench = await Bench.open({
      stall: toServer(1),
      stallTime: 700,
      only: (message) => (message as { id: number }).id === 1,
    });
    for (const id of [1, 2, 3]) bench.say(id);
    await bench.clock.advance(699);
    expect(bench.asked).toEqual([]);
    await bench.clock.advance(1);
    expect(bench.asked).toEqual([1, 2, 3]);
  });

  test('a message that is doubled comes twice, and a scripted server knows it for one', async () => {
    await using bench = await Bench.open({ duplicate: toServer(1) });
    bench.say(1);
    await bench.clock.settle();
    expect(bench.asked).toEqual([1, 1]);
    expect(bench.answered).toEqual([1]);
  });

  test('a message that is reordered comes after the next one, or after maxDelay', async () => {
    await using bench = await Bench.open({
      reorder: toServer(1),
      maxDelay: 50,
      only: (message) => (message as { id: number }).id !== 2,
    });
    for (const id of [1, 2, 3]) bench.say(id);
    await bench.clock.settle();
    expect(bench.asked).toEqual([2, 1]);
    await bench.clock.advance(50);
    expect(bench.asked).toEqual([2, 1, 3]);
  });

  test('killBeforeWrite ends the link, and the message was not sent', async () => {
    await using bench = await Bench.open({ killBeforeWrite: 1 });
    await expect(bench.link.send(ask(1))).rejects.toMatchObject({ kind: 'transport', delivery: 'not-sent' });
    await bench.clock.settle();
    expect(bench.asked).toEqual([]);
    expect(bench.recorder.ends).toMatchObject([
      { kind: 'transport', message: 'The connection was cut before echo was written (chaos)' },
    ]);
    expect([bench.transport.connected, bench.transport.inner.connected]).toEqual([false, false]);
    await expect(bench.link.send(ask(2))).rejects.toMatchObject({ delivery: 'not-sent' });
  });

  test('killAfterWrite ends the link, and the message arrived', async () => {
    await using bench = await Bench.open({ killAfterWrite: 1 });
    await bench.link.send(ask(1));
    await bench.clock.settle();
    expect(bench.asked).toEqual([1]);
    expect(bench.answered).toEqual([]);
    expect(bench.recorder.ends).toMatchObject([
      { kind: 'transport', message: 'The connection was cut after echo was written (chaos)' },
    ]);
  });

  test('messages that wait to be written when the link dies are rejected as not sent before the link ends', async () => {
    await using bench = await Bench.open({
      stall: toServer(1),
      only: (message) => (message as { id: number }).id === 1,
    });
    const order: string[] = [];
    const waiting = [ask(1), ask(2)].map(async (message) => {
      try {
        await bench.link.send(message);
      } catch (thrown) {
        order.push(`${(thrown as { delivery: string }).delivery}, ${bench.recorder.ends.length} ends`);
      }
    });
    bench.server.hangUp();
    await Promise.all(waiting);
    await bench.clock.settle();
    expect(order).toEqual(['not-sent, 0 ends', 'not-sent, 0 ends']);
    expect(bench.recorder.ends).toHaveLength(1);
    expect(bench.clock.pending).toEqual([]);
  });
});

describe('on the way to the client', () => {
  const toClient = (rate: number): { 'to-client': number } => ({ 'to-client': rate });

  test('an answer that is dropped never comes', async () => {
    await using bench = await Bench.open({ drop: toClient(1) });
    bench.say(1);
    await bench.clock.advance(100_000);
    expect([bench.asked, bench.answered]).toEqual([[1], []]);
  });

  test('an answer that is doubled comes twice', async () => {
    await using bench = await Bench.open({ duplicate: toClient(1) });
    bench.say(1);
    await bench.clock.settle();
    expect(bench.answered).toEqual([1, 1]);
  });

  test('answerLate makes an answer wait for lateBy while others pass', async () => {
    await using bench = await Bench.open({
      answerLate: 1,
      lateBy: 9_000,
      only: (message) => (message as { id: number }).id === 1,
    });
    bench.say(1);
    bench.say(2);
    await bench.clock.advance(8_999);
    expect(bench.answered).toEqual([2]);
    await bench.clock.advance(1);
    expect(bench.answered).toEqual([2, 1]);
  });

  test('answerLate delays only responses', async () => {
    await using bench = await Bench.open({ answerLate: 1 });
    bench.server.notify('notifications/message', { level: 'info', data: 'now' });
    await bench.clock.settle();
    expect(bench.recorder.messages).toHaveLength(1);
  });

  test('messages that the server sent before it ended arrive before the end, however slow', async () => {
    await using bench = await Bench.open({ delay: toClient(1), maxDelay: 1_000 });
    bench.say(1);
    await bench.clock.settle();
    bench.server.hangUp();
    await bench.clock.advance(1_000);
    expect(bench.recorder.log.map(({ type }) => type)).toEqual(['message', 'closed']);
  });

  test('nothing comes after the link was closed', async () => {
    await using bench = await Bench.open({ delay: toClient(1), maxDelay: 1_000 });
    bench.say(1);
    await bench.clock.settle();
    await bench.transport.closeLink();
    await bench.clock.settle();
    expect(bench.clock.pending).toEqual([]);
    expect(bench.recorder.log).toEqual([]);
  });
});

describe('where each message has an exchange of its own', () => {
  /** Exchanges that never end. */
  class Exchanges extends MCPTransport {
    override readonly framing = 'per-request';
    readonly sent: unknown[] = [];
    readonly abandoned: unknown[] = [];

    protected open(): Promise<Link> {
      return Promise.resolve({
        send: (message) => {
          this.sent.push((message as { id?: unknown }).id);
          return new Promise<void>(() => undefined);
        },
        abandon: (id) => this.abandoned.push(id),
        close: () => Promise.resolve(),
      });
    }
  }

  test.each([
    ['killBeforeWrite', 'not-sent', [], []],
    ['killAfterWrite', 'unknown', [1], [1]],
  ] as const)('%s ends that exchange and leaves the link', async (fault, delivery, sent, abandoned) => {
    const exchanges = new Exchanges();
    const transport = chaos(exchanges, { [fault]: 1 });
    const recorder = new LinkRecorder(new SimulatedEnvironment());
    const link = await transport.openLink(recorder.events, new AbortController().signal);
    await expect(link.send(ask(1))).rejects.toMatchObject({ kind: 'transport', delivery });
    expect([exchanges.sent, exchanges.abandoned]).toEqual([sent, abandoned]);
    expect([transport.connected, recorder.ends]).toEqual([true, []]);
    await transport.closeLink();
    expect(exchanges.connected).toBe(false);
  });
});

describe('opening a link', () => {
  test('is refused as often as asked for, and then leaves the transport free', async () => {
    const clock = new SimulatedEnvironment();
    await using server = createScriptedServer({ environment: clock });
    const transport = chaos(server.transport, { refuse: 1 });
    const client = new MCPClient(transport, { environment: clock });
    const error = await errorFrom(client.connect());
    expect(error).toMatchObject({ code: 'MCP_TRANSPORT_FAILED', delivery: 'not-sent' });
    expect(transport.faults).toMatchObject([{ fault: 'refuse', index: 0 }]);
    await using other = new MCPClient(server.transport, { environment: clock });
    await other.connect();
  });

  test('is possible for one owner at a time, also of the transport inside', async () => {
    await using server = createScriptedServer();
    await using client = new MCPClient(chaos(server.transport));
    await client.connect();
    expect(await errorFrom(new MCPClient(server.transport).connect())).toMatchObject({ code: 'MCP_TRANSPORT_BUSY' });
  });
});

describe('a seed', () => {
  const rates = { drop: 0.1, delay: 0.2, duplicate: 0.1, reorder: 0.2, stall: 0.05, maxDelay: 40, stallTime: 90 };

  async function run(seed: number): Promise<unknown[]> {
    await using bench = await Bench.open({ ...rates, seed });
    for (let id = 1; id <= 200; id += 1) {
      bench.say(id);
      await bench.clock.advance(5);
    }
    await bench.clock.advance(1_000);
    return [bench.asked, bench.recorder.log, bench.transport.faults];
  }

  test('gives the same faults, in the same places, at the same times, in each run', async () => {
    const first = await run(7);
    expect(await run(7)).toEqual(first);
    expect((first[2] as unknown[]).length).toBeGreaterThan(50);
  });

  test('gives other faults than another seed', async () => {
    expect((await run(7))[2]).not.toEqual((await run(8))[2]);
  });

  test('decides the fault of the n-th message, whatever the other direction does and whichever messages are spared', async () => {
    const fates = async (more: ChaosOptions): Promise<unknown[]> => {
      await using bench = await Bench.open({ drop: { 'to-server': 0.3 }, seed: 3, ...more });
      for (let id = 1; id <= 100; id += 1) bench.say(id);
      await bench.clock.settle();
      return bench.transport.faults.flatMap(({ direction, index }) => (direction === 'to-server' ? [index] : []));
    };
    const all = await fates({});
    expect(all.length).toBeGreaterThan(15);
    expect(await fates({ duplicate: { 'to-client': 0.5 } })).toEqual(all);
    const spared = await fates({ only: (message) => (message as { id: number }).id > 50 });
    expect(spared).toEqual(all.filter((index) => (index as number) >= 50));
  });
});

describe('rates', () => {
  const server = createScriptedServer();
  afterAll(() => server[Symbol.asyncDispose]());

  test.each<[string, ChaosOptions, string]>([
    ['are probabilities', { drop: 1.5 }, 'Invalid drop: expected a probability in [0, 1], got 1.5'],
    ['are not negative', { refuse: -1 }, 'Invalid refuse: expected a probability in [0, 1], got -1'],
    ['are numbers', { stall: NaN }, 'Invalid stall: expected a probability in [0, 1], got NaN'],
    [
      'of one direction are 1 at most together',
      { drop: 0.5, delay: { 'to-client': 0.75 } },
      'Invalid rates to-client: expected a sum of at most 1, got 1.25',
    ],
  ])('%s', (_, options, message) => {
    expect(() => chaos(server.transport, options)).toThrow(
      expect.objectContaining({ code: 'MCP_INVALID_PARAMS', message }) as Error,
    );
  });
});

describe('a client over a link with faults', () => {
  test('makes a call again that only reads, when its answer was lost', async () => {
    await using server = createScriptedServer({
      capabilities: { resources: {} },
      handlers: { 'resources/read': ({ uri }) => ({ contents: [{ uri, text: 'read' }] }) },
    });
    let cuts = 1;
    const transport = chaos(server.transport, {
      killAfterWrite: 1,
      only: (message) => (message as { method?: string }).method === 'resources/read' && (cuts -= 1) >= 0,
    });
    await using client = new MCPClient(transport, { autoReconnect: true, reconnectDelay: 1 });
    await client.connect();
    expect(await client.readResource('chaos://x')).toMatchObject({ contents: [{ text: 'read' }] });
    expect(server.methods).toEqual(['server/discover', 'resources/read', 'server/discover', 'resources/read']);
    expect(transport.faults).toMatchObject([{ fault: 'killAfterWrite', method: 'resources/read' }]);
  });

  test('has left nothing when it has disconnected, also when its link was slow to open and is slow to give up', async () => {
    const clock = new SimulatedEnvironment();
    class Slow extends MCPTransport {
      protected override async open({ environment }: LinkEvents): Promise<Link> {
        await new Promise<void>((resolve) => environment.setTimeout(resolve, 700));
        return { send: () => undefined, close: () => Promise.resolve() };
      }
    }
    const client = new MCPClient(chaos(new Slow()), { environment: clock });
    const connecting = errorFrom(client.connect());
    await clock.settle();
    const gone = client.disconnect();
    expect(await connecting).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
    await clock.advance(699);
    expect(await isSettled(gone)).toBe(false);
    await clock.advance(1);
    expect(await isSettled(gone)).toBe(true);
    expect(clock.pending).toEqual([]);
  });

  test('can be one to a process, which ends with the link', async () => {
    const real = toolsServer();
    const transport = chaos(real, {
      killAfterWrite: 1,
      only: (message) => (message as { method?: string }).method === 'tools/call',
    });
    await using client = new MCPClient(transport);
    await client.connect();
    const { pid } = real;
    expect(await errorFrom(client.callTool('echo', { text: 'x' }))).toMatchObject({ delivery: 'unknown' });
    expect(client.state).toBe('closed');
    await client.disconnect();
    expect(typeof pid).toBe('number');
    expect(real.connected).toBe(false);
    expect(await isSettled(client.disconnect())).toBe(true);
  });
});
