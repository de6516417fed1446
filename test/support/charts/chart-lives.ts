import { MCPClient, MCPConnection } from '../../../src/index.js';
import type { MCPConnectionOptions, MCPError, SuspendedClient } from '../../../src/index.js';
import { FakeHttpTransport } from '../fake-http-transport.js';
import {
  answer,
  discoverResult,
  end,
  initializeResult,
  inTurn,
  legacyScript,
  modernScript,
  refuse,
  scriptedServer,
  silence,
} from '../servers/scripts.js';
import type { Script, ScriptedServer } from '../servers/scripts.js';
import { SimulatedEnvironment } from '../simulated-environment.js';

/** What the tools of the servers here return. */
export const done = { content: [{ type: 'text', text: 'done' }] };

/** What a client does in its life, over a server that follows a script. */
export interface Life {
  readonly script: Script;
  readonly live: (run: LifeRun) => Promise<void>;
  /** The transport is a {@link FakeHttpTransport}. Default: memory. */
  readonly http?: true;
  /** The session of another client is handed to it. */
  readonly resumes?: true;
  /** It is held by an {@link MCPConnection}. */
  readonly held?: true;
  /** The server answers no calls once the script has been played. Default: it does. */
  readonly mute?: true;
}

/** What a client can do, whatever holds it. */
type Client = Pick<MCPClient, keyof MCPClient>;

/** A client and a server in simulated time, and every promise that the client gave. */
export class LifeRun {
  readonly clock = new SimulatedEnvironment();
  readonly promises: Promise<unknown>[] = [];
  /** How many promises waited for more than that something had thrown. */
  waited = 0;
  readonly #open = new Set<Promise<unknown>>();
  readonly errors: MCPError[] = [];
  readonly states: string[] = [];
  server!: ScriptedServer;
  http!: FakeHttpTransport;
  client!: Client;
  #connection: MCPConnection | undefined;

  static async set({ script, http, held, resumes }: Life): Promise<LifeRun> {
    const run = new LifeRun();
    run.server = await scriptedServer(script, run.clock);
    run.http = new FakeHttpTransport(run.server.transport);
    const options: MCPConnectionOptions = {
      environment: run.clock,
      resume: resumes && handedOver,
      connectTimeout: 30_000,
      maxReconnectAttempts: 3,
      autoReconnect: true,
      healthCheckInterval: 1_000,
      retry: 'safe',
      retryInitialConnect: true,
      elicitation: (_form, { signal }) =>
        new Promise((resolve) => {
          run.clock.setTimeout(() => {
            resolve({ action: signal.aborted ? 'cancel' : 'accept', content: {} });
          }, 100);
        }),
    };
    const transport = http ? run.http : run.server.transport;
    if (held) run.client = run.#hold(new MCPConnection('held', transport, { ...options, maxRestarts: 1 }));
    else run.client = new MCPClient(transport, options);
    run.client.on('error', (error) => {
      run.errors.push(error);
      if (error.code === 'MCP_INTERNAL') void run.#settleSoon([...run.#open]);
    });
    run.client.on('state', (state) => {
      run.states.push(state);
    });
    return run;
  }

  /** The client of a connection, also while that has none. */
  #hold(connection: MCPConnection): Client {
    this.#connection = connection;
    const client: Partial<Client> = {
      on: connection.on.bind(connection),
      connect: async ({ timeout } = {}) => (await connection.connect(timeout)).connect(),
      disconnect: () => connection.disconnect(),
      suspend: () => connection.suspend(),
      callTool: (async (name: string) => connection.getClient().callTool(name)) as Client['callTool'],
      setLogLevel: async (level) => connection.getClient().setLogLevel(level),
    };
    Object.defineProperty(client, 'state', { get: () => connection.getInfo().metadata.state });
    return client as Client;
  }

  /** The connection that holds the client. */
  get connection(): MCPConnection {
    if (this.#connection === undefined) throw new Error('Nothing holds the client of this life');
    return this.#connection;
  }

  /** Does something, keeps what it promises, and lets it happen. */
  async do(act: (client: Client) => Promise<unknown>, milliseconds = 0): Promise<void> {
    const promise = act(this.client).catch((thrown: unknown) => thrown);
    this.promises.push(promise);
    this.#open.add(promise);
    void promise.then(() => this.#open.delete(promise));
    await this.clock.advance(milliseconds);
  }

  /** Nobody waits for a time-out, nor for anything else that takes time. */
  async #settleSoon(open: readonly Promise<unknown>[]): Promise<void> {
    const at = this.clock.now();
    for (let turns = 0; turns < 3; turns += 1) await this.clock.settle();
    if (this.clock.now() === at) this.waited += open.filter((promise) => this.#open.has(promise)).length;
  }
}

const progress = ({ id, params }: { id?: unknown; params?: unknown }): object[] => [
  {
    say: {
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: {
        progressToken: (params as { _meta?: { progressToken?: unknown } })._meta?.progressToken ?? id,
        progress: 1,
      },
    },
  },
  { wait: 50 },
  { answer: done },
];

const common = {
  'tools/list': answer({ tools: [{ name: 'x', inputSchema: { type: 'object' } }] }),
  'tools/call': progress,
  'resources/subscribe': answer({}),
  'logging/setLevel': answer({}),
} as unknown as Script;

/** A stream that the server ends after some time, or does not open. */
const subscribed = ({ params }: { params: { notifications: { resourceSubscriptions?: string[] } } }): object[] =>
  params.notifications.resourceSubscriptions?.includes('test://refused')
    ? refuse(-32_601)
    : [{ acknowledge: true }, { wait: 5_000 }, { answer: { resultType: 'complete' } }];

let handedOver: SuspendedClient | undefined;

/** Has a client leave its session, for the lives in which one is resumed. */
export async function leaveSession(): Promise<void> {
  await using server = await scriptedServer(legacyScript('2025-11-25', common));
  const client = new MCPClient(new FakeHttpTransport(server.transport));
  await client.connect();
  handedOver = await client.suspend();
}

/** What clients do in their lives, over servers of both eras. */
export const LIVES: Readonly<Record<string, Life>> = {
  'a legacy session': {
    script: legacyScript('2025-11-25', common),
    live: async (run) => {
      const { server, clock } = run;
      await run.do((client) => client.connect(), 10);
      await calls(run);
      await run.do((client) => client.subscribe('test://one'));
      await run.do((client) => client.setLogLevel('info'));
      const form = { message: 'm', requestedSchema: { type: 'object', properties: {} } };
      for (const id of ['answered', 'withdrawn', 'lost'])
        server.send({ jsonrpc: '2.0', id, method: 'elicitation/create', params: form });
      server.send({ jsonrpc: '2.0', id: 'wrong', method: 'sampling/createMessage', params: {} });
      await clock.settle();
      server.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'withdrawn' } });
      await clock.advance(50);
      await run.do((client) => client.callTool('lost'));
      server.hangUp();
      await clock.advance(20_000);
      await run.do((client) => client.suspend(), 10_000);
    },
  },
  'a modern session': {
    script: modernScript({
      ...common,
      'subscriptions/listen': inTurn([{ acknowledge: true }], [{ wait: 20_000 }], subscribed as never) as never,
    }),
    resumes: true,
    live: async (run) => {
      const { server, clock } = run;
      await run.do((client) => client.connect(), 10);
      run.client.addNotificationHandler('tools/list_changed', () => undefined);
      await calls(run);
      await clock.advance(10_000);
      await run.do((client) => client.subscribe('test://one'), 100);
      await clock.advance(15_000);
      await run.do((client) => client.unsubscribe('test://one'), 12_000);
      server.hangUp();
      await clock.advance(30_000);
      await run.do((client) => client.subscribe('test://refused'), 100);
      await run.do((client) => client.disconnect(), 10_000);
    },
  },
  'a server that asks, and is deaf then': {
    mute: true,
    script: modernScript({
      'server/discover': inTurn(
        answer(discoverResult()),
        answer(discoverResult()),
        [{ wait: 1_500 }, { answer: discoverResult() }],
        [{ wait: 900_000 }],
      ),
      'tools/call': inTurn(
        answer({
          resultType: 'input_required',
          inputRequests: {
            a: {
              method: 'elicitation/create',
              params: { mode: 'form', message: 'm', requestedSchema: { type: 'object', properties: {} } },
            },
          },
        }),
        answer({ resultType: 'input_required', requestState: 's' }),
        answer({ ...done, resultType: 'complete' }),
      ),
    }),
    live: async (run) => {
      await run.do((client) => client.connect(), 10);
      await run.do((client) => client.callTool('asks'), 5_000);
      await run.clock.advance(30_000);
      await run.do((client) => client.disconnect(), 10_000);
    },
  },
  'a person who is asked to sign in': {
    script: legacyScript('2025-11-25', { ...common, initialize: [{ wait: 500 }, ...answer(initializeResult())] }),
    http: true,
    live: async (run) => {
      const { clock, http } = run;
      await run.do((client) => client.connect(), 100);
      http.events?.signIn({ type: 'signIn.began' });
      await run.do((client) => client.connect(), 120_000);
      http.events?.signIn({ type: 'signIn.ended' });
      await clock.advance(2_000);
      http.events?.signIn({ type: 'signIn.began' });
      await run.do((client) => client.callTool('x'), 10);
      http.events?.signIn({ type: 'signIn.ended' });
      await run.do((client) => client.disconnect(), 10_000);
    },
  },
  'a legacy session over exchanges': {
    script: legacyScript('2025-11-25', common),
    http: true,
    resumes: true,
    live: async (run) => {
      const { server, clock, http } = run;
      await run.do((client) => client.connect(), 10);
      http.stream?.opened(true);
      http.stream?.ended(100, undefined);
      await clock.advance(200);
      http.stream?.ended(undefined, undefined);
      await clock.advance(5_000);
      http.stream?.opened(false);
      await clock.advance(11_000);
      await run.do((client) => client.callTool('x', {}, { onProgress: () => undefined }));
      const call = server.received.findLast((message) => 'method' in message && message.method === 'tools/call');
      const form = { message: 'm', requestedSchema: { type: 'object', properties: {} } };
      const question = { jsonrpc: '2.0', id: 'held', method: 'elicitation/create', params: form };
      // There is no call where something threw before.
      if (call !== undefined && 'id' in call) http.events?.message(question, { requestId: call.id });
      await clock.advance(20);
      server.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'held' } });
      await clock.advance(200);
      http.refusals = 2;
      await run.do((client) => client.callTool('x'), 10_000);
      await run.do((client) => client.callTool('x'));
      await run.do((client) => client.suspend(), 10_000);
    },
  },
  'a connection in many hands': {
    script: legacyScript('2025-11-25', {
      ...common,
      ping: inTurn(answer({}), [{ wait: 1_500 }, { answer: {} }], answer({})),
      'logging/setLevel': inTurn(answer({}), silence, answer({})),
    }),
    held: true,
    live: async (run) => {
      const { server, clock } = run;
      await run.do((client) => client.connect(), 10);
      await clock.advance(5_000);
      run.connection.stopMonitoring();
      run.connection.startMonitoring();
      await run.do((client) => client.setLogLevel('info'));
      await run.do(() => run.connection.reconnect(), 10_000);
      for (const wait of [10_000, 10_000]) {
        server.hangUp();
        await clock.advance(wait);
      }
      await run.do((client) => client.suspend(), 10_000);
    },
  },
  'a negotiation in doubt': {
    script: {
      'server/discover': inTurn(end(), [{ wait: 6_000 }, ...refuse(-32_601)], silence),
      initialize: inTurn(end(), [{ wait: 3_000 }, ...refuse(-32_600)], silence),
    },
    mute: true,
    live: async (run) => {
      await run.do((client) => client.subscribe('test://early'));
      await run.do((client) => client.suspend());
      await run.do((client) => client.connect({ timeout: 20_000 }));
      await run.do((client) => client.connect({ timeout: 25_000 }));
      await run.do((client) => client.connect({ timeout: 1 }), 60_000);
      await run.do((client) => client.disconnect(), 10_000);
    },
  },
  'no session': {
    mute: true,
    script: {
      'server/discover': inTurn(
        silence,
        [{ wait: 6_000 }],
        refuse(-32_022, 'No', { supported: ['2026-07-28'], requested: 'x' }),
        refuse(-32_601),
      ),
      initialize: inTurn(refuse(-32_600), answer({ ...initializeResult(), protocolVersion: '1999-01-01' })),
    },
    live: async (run) => {
      await run.do((client) => client.callTool('early'));
      const alone = new AbortController();
      await run.do((client) => client.connect({ signal: alone.signal }), 10);
      alone.abort();
      await run.clock.advance(10_000);
      await run.do((client) => client.connect({ timeout: 20_000 }), 10);
      const giveUp = new AbortController();
      await run.do((client) => client.connect({ signal: giveUp.signal }), 10);
      await run.do((client) => client.callTool('waits', {}, { timeout: 3_000 }), 5_000);
      giveUp.abort();
      await run.clock.advance(120_000);
      await run.do((client) => client.disconnect(), 10_000);
    },
  },
};

async function calls(run: LifeRun): Promise<void> {
  await run.do((client) => client.listTools());
  await run.do((client) => client.callTool('x', {}, { onProgress: () => undefined }), 100);
  const giveUp = new AbortController();
  await run.do((client) => client.callTool('x', {}, { signal: giveUp.signal, onProgress: () => undefined }));
  await run.do((client) => client.callTool('x', {}, { timeout: 10 }), 20);
  giveUp.abort();
  await run.clock.advance(100);
}
