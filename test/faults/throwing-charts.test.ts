import { setTimeout as sleep } from 'node:timers/promises';

import { HttpTransport, MCPClient } from '../../src/index.js';
import type { MCPError, MCPTransport } from '../../src/index.js';
import { connectionMachine } from '../../src/machines/connection.js';
import { connectionPorts } from '../../src/machines/connection-ports.js';
import { healthMachine, healthPorts } from '../../src/machines/health.js';
import { requestsPorts } from '../../src/machines/requests-logic.js';
import { serverQuestionMachine, serverQuestionPorts } from '../../src/machines/server-question.js';
import { serverStreamMachine, serverStreamPorts } from '../../src/machines/server-stream.js';
import { subscriptionMachine, subscriptionPorts } from '../../src/machines/subscription.js';
import type { Blow, Fuses as FusesType } from '../support/chart-fuses.js';
import { legacyServer, ScriptedHttpServer } from '../support/http-server.js';
import type { HttpVisit } from '../support/http-server.js';
import { isAlive } from '../support/processes.js';
import {
  answer,
  discoverResult,
  initializeResult,
  inTurn,
  legacyScript,
  modernScript,
  refuse,
  ScriptedProcess,
  serverWith,
  silence,
} from '../support/scripts.js';
import type { Script, ScriptedServer } from '../support/scripts.js';
import { SimulatedEnvironment } from '../support/simulated-environment.js';

// The chart of a request is compiled when its file is loaded, which is before any line of this file runs.
jest.mock('../../src/machines/chart-table.js', () => {
  const { Fuses } = jest.requireActual<typeof import('../support/chart-fuses.js')>('../support/chart-fuses.js');
  const real = jest.requireActual<typeof import('../../src/machines/chart-table.js')>(
    '../../src/machines/chart-table.js',
  );
  const shared = new Fuses();
  return {
    ...real,
    shared,
    compileChart: (machine: never, implementations: never) =>
      real.compileChart(machine, shared.protectTable(implementations)),
  };
});

const { shared: fuses } = jest.requireMock<{ shared: FusesType }>('../../src/machines/chart-table.js');
for (const machine of [
  connectionMachine,
  healthMachine,
  serverQuestionMachine,
  serverStreamMachine,
  subscriptionMachine,
])
  fuses.protectChart(machine);
fuses.protectPorts('connection', connectionPorts);
fuses.protectPorts('health', healthPorts);
fuses.protectPorts('requests', requestsPorts);
fuses.protectPorts('serverQuestion', serverQuestionPorts);
fuses.protectPorts('serverStream', serverStreamPorts);
fuses.protectPorts('subscription', subscriptionPorts);

const done = { content: [{ type: 'text', text: 'done' }] };
const BLOWS: readonly Blow[] = ['before', 'after', 'always'];

/** A client and a server in simulated time, and every promise that the client gave. */
class Stage {
  readonly clock = new SimulatedEnvironment();
  readonly promises: Promise<unknown>[] = [];
  /** How many promises waited for more than that something had thrown. */
  waited = 0;
  readonly #open = new Set<Promise<unknown>>();
  readonly errors: MCPError[] = [];
  readonly states: string[] = [];
  server!: ScriptedServer;
  client!: MCPClient;

  static async set(script: Script): Promise<Stage> {
    const stage = new Stage();
    stage.server = await serverWith(script, stage.clock);
    stage.client = new MCPClient(stage.server.transport, {
      environment: stage.clock,
      autoReconnect: true,
      healthCheckInterval: 1_000,
      retry: 'safe',
      retryInitialConnect: true,
      elicitation: (_form, { signal }) =>
        new Promise((resolve) => {
          stage.clock.setTimeout(() => {
            resolve({ action: signal.aborted ? 'cancel' : 'accept', content: {} });
          }, 100);
        }),
    });
    stage.client.on('error', (error) => {
      stage.errors.push(error);
      if (error.code === 'MCP_INTERNAL') void stage.#settleSoon([...stage.#open]);
    });
    stage.client.on('state', (state) => {
      stage.states.push(state);
    });
    return stage;
  }

  /** Does something, keeps what it promises, and lets it happen. */
  async do(act: (client: MCPClient) => Promise<unknown>, milliseconds = 0): Promise<void> {
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

/** What clients do in their lives, over servers of both eras. */
const LIVES: Readonly<Record<string, { readonly script: Script; readonly live: (stage: Stage) => Promise<void> }>> = {
  'a legacy session': {
    script: legacyScript('2025-11-25', common),
    live: async (stage) => {
      const { server, clock } = stage;
      await stage.do((client) => client.connect(), 10);
      await calls(stage);
      await stage.do((client) => client.subscribe('test://one'));
      await stage.do((client) => client.setLogLevel('info'));
      const form = { message: 'm', requestedSchema: { type: 'object', properties: {} } };
      for (const id of ['answered', 'withdrawn', 'lost'])
        server.send({ jsonrpc: '2.0', id, method: 'elicitation/create', params: form });
      server.send({ jsonrpc: '2.0', id: 'wrong', method: 'sampling/createMessage', params: {} });
      await clock.settle();
      server.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'withdrawn' } });
      await clock.advance(50);
      await stage.do((client) => client.callTool('lost'));
      server.hangUp();
      await clock.advance(20_000);
      await stage.do((client) => client.suspend(), 10_000);
    },
  },
  'a modern session': {
    script: modernScript({
      ...common,
      'subscriptions/listen': inTurn(
        [{ acknowledge: true }],
        [{ wait: 20_000 }],
        [{ acknowledge: true }, { wait: 5_000 }, { answer: { resultType: 'complete' } }],
      ) as never,
    }),
    live: async (stage) => {
      const { server, clock } = stage;
      await stage.do((client) => client.connect(), 10);
      stage.client.addNotificationHandler('tools/list_changed', () => undefined);
      await calls(stage);
      await stage.do((client) => client.subscribe('test://one'), 100);
      await clock.advance(15_000);
      await stage.do((client) => client.unsubscribe('test://one'), 12_000);
      server.hangUp();
      await clock.advance(30_000);
      await stage.do((client) => client.disconnect(), 10_000);
    },
  },
  'a server that asks, and is deaf then': {
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
    live: async (stage) => {
      await stage.do((client) => client.connect(), 10);
      await stage.do((client) => client.callTool('asks'), 5_000);
      await stage.clock.advance(30_000);
      await stage.do((client) => client.disconnect(), 10_000);
    },
  },
  'no session': {
    script: {
      'server/discover': inTurn(
        [{ wait: 6_000 }],
        refuse(-32_022, 'No', { supported: ['2026-07-28'], requested: 'x' }),
        refuse(-32_601),
      ),
      initialize: inTurn(refuse(-32_600), answer({ ...initializeResult(), protocolVersion: '1999-01-01' })),
    },
    live: async (stage) => {
      await stage.do((client) => client.callTool('early'));
      await stage.do((client) => client.connect({ timeout: 20_000 }), 10);
      const giveUp = new AbortController();
      await stage.do((client) => client.connect({ signal: giveUp.signal }), 10);
      await stage.do((client) => client.callTool('waits', {}, { timeout: 3_000 }), 5_000);
      giveUp.abort();
      await stage.clock.advance(120_000);
      await stage.do((client) => client.disconnect(), 10_000);
    },
  },
};

async function calls(stage: Stage): Promise<void> {
  await stage.do((client) => client.listTools());
  await stage.do((client) => client.callTool('x', {}, { onProgress: () => undefined }), 100);
  const giveUp = new AbortController();
  await stage.do((client) => client.callTool('x', {}, { signal: giveUp.signal, onProgress: () => undefined }));
  await stage.do((client) => client.callTool('x', {}, { timeout: 10 }), 20);
  giveUp.abort();
  await stage.clock.advance(100);
}

/** The same life again, in which one part throws; and what is wrong then. */
async function lifeWith(life: string, name: string, blow: Blow): Promise<{ blown: number; wrong: string[] }> {
  const { script, live } = LIVES[life] as (typeof LIVES)[string];
  fuses.light(name, blow);
  const stage = await Stage.set(script);
  const wrong: string[] = [];
  try {
    await live(stage);
  } finally {
    fuses.putOut();
  }
  const { blown } = fuses;
  // However much of it came about, nobody waits for ever.
  await stage.clock.advance(60_000);
  const open = stage.promises.map((promise) => Promise.race([promise, Promise.resolve(stage)]));
  if ((await Promise.all(open)).includes(stage)) wrong.push('a promise never settles');
  if (stage.waited > 0) wrong.push(`${stage.waited} promises are not settled at once`);
  if (blown > 0) {
    if (!stage.errors.some(({ code }) => code === 'MCP_INTERNAL')) wrong.push('no MCP_INTERNAL was reported');
    if (!stage.states.includes('closed')) wrong.push('the connection was not closed');
    for (const error of stage.errors) void error.explain();
  }
  await stage.do((client) => client.disconnect(), 10_000);
  if (stage.server.transport.connected) wrong.push('the link is still open');
  if (stage.client.state !== 'closed' && stage.client.state !== 'idle') wrong.push(`it is ${stage.client.state}`);
  if (stage.clock.pending.length > 0) wrong.push(`timers are left: ${JSON.stringify(stage.clock.pending)}`);
  // The script may be at its end: what counts is that the connection does what it is asked to.
  await stage.do((client) => client.connect(), 120_000);
  if (blown > 0 && life !== 'no session' && life !== 'a server that asks, and is deaf then') {
    await stage.do((client) => client.callTool('x'), 1_000);
    const called = await Promise.race([stage.promises.at(-1), stage.clock.settle()]);
    if (JSON.stringify(called) !== JSON.stringify(done)) wrong.push(`no call works any more: ${String(called)}`);
  }
  await stage.do((client) => client.disconnect(), 10_000);
  const last = await Promise.race([Promise.all(stage.promises), stage.clock.settle().then(() => stage)]);
  if (last === stage) wrong.push('a promise never settles after connecting again');
  const gone = stage.server[Symbol.asyncDispose]();
  await stage.clock.advance(10_000);
  await Promise.race([gone, stage.clock.settle()]);
  return { blown, wrong: wrong.map((what) => `${life}, ${name} ${blow}: ${what}`) };
}

const reached = new Set<string>();

describe('a part of a chart that throws', () => {
  test.each(Object.keys(LIVES))(
    'ends nothing but its connection in %s',
    async (life) => {
      const found: string[] = [];
      found.push(...(await lifeWith(life, '', 'before')).wrong);
      // A single assignment, without which there is no connection.
      fuses.used.delete('requests.port.begin');
      for (const name of [...fuses.used]) {
        reached.add(name);
        for (const blow of BLOWS) {
          const { blown, wrong } = await lifeWith(life, name, blow);
          if (blown === 0) wrong.push(`${life}, ${name} ${blow}: it did not throw`);
          found.push(...wrong);
        }
      }
      expect(found).toEqual([]);
    },
    240_000,
  );

  test('is tried for most of them', () => {
    const left = fuses.names.filter((name) => !reached.has(name));
    expect(left.length / fuses.names.length).toBeLessThan(0.3);
  });
});

/** A server in another process, or behind sockets, and what says whether anything of the way to it is left. */
interface Real extends AsyncDisposable {
  readonly transport: MCPTransport;
  readonly isLeft: () => boolean;
  /** The server does something unasked. */
  readonly turn: () => void;
}

async function overHttp(): Promise<Real> {
  let sessions = 0;
  const open = new Set<HttpVisit>();
  const answering = legacyServer(
    (visit) => {
      const { method } = visit.message;
      const forgotten =
        visit.headers['mcp-session-id'] !== undefined && visit.headers['mcp-session-id'] !== `s-${sessions}`;
      open.add(visit);
      visit.response.once('close', () => open.delete(visit));
      if (visit.method === 'GET') visit.stream().event(undefined, { id: 'e-1', retry: 10 });
      else if (visit.method === 'DELETE') visit.status(200);
      else if (forgotten) visit.status(404);
      else if (method === 'initialize') {
        visit.response.setHeader('mcp-session-id', `s-${(sessions += 1)}`);
        return false;
      } else if (method === 'tools/list') visit.result({ tools: [{ name: 'x', inputSchema: { type: 'object' } }] });
      else if (method === 'tools/call' && visit.message.params?.['name'] === 'hangs') visit.stream();
      else return false;
      return true;
    },
    { capabilities: { tools: { listChanged: true } } },
  );
  const server = await ScriptedHttpServer.start(answering);
  return {
    transport: new HttpTransport(server.url),
    isLeft: () => open.size > 0,
    turn: () => {
      // The session is forgotten, and the stream of the server ends.
      sessions += 1;
      for (const visit of open) if (visit.method === 'GET') visit.end();
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function overStdio(): Promise<Real> {
  const server = new ScriptedProcess(
    legacyScript('2025-11-25', {
      'tools/list': answer({ tools: [] }),
      'tools/call': { inTurn: [answer(done), silence, answer(done)] } as never,
    }),
  );
  const pids = new Set<number>();
  const { transport } = server;
  return Promise.resolve({
    transport,
    isLeft: () => [...pids].some(isAlive),
    turn: () => {
      if (transport.pid !== undefined) pids.add(transport.pid);
    },
    [Symbol.asyncDispose]: () => {
      server[Symbol.dispose]();
      return Promise.resolve();
    },
  });
}

/** A short life in real time, in which one part throws; and what is wrong then. */
async function realLife(start: () => Promise<Real>, name: string, blow: Blow): Promise<string[]> {
  fuses.light(name, blow);
  await using real = await start();
  const client = new MCPClient(real.transport, {
    era: 'legacy',
    autoReconnect: true,
    reconnectDelay: 1,
    timeout: 5_000,
  });
  const errors: MCPError[] = [];
  client.on('error', (error) => {
    errors.push(error);
  });
  const wrong: string[] = [];
  const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((thrown: unknown) => thrown);
  await outcome(client.connect());
  real.turn();
  await outcome(client.listTools());
  await outcome(client.callTool('x', {}, { onProgress: () => undefined }));
  const giveUp = new AbortController();
  const given = outcome(client.callTool('hangs', {}, { signal: giveUp.signal }));
  await sleep(15);
  giveUp.abort();
  await given;
  await client.disconnect();
  fuses.putOut();
  if (fuses.blown > 0 && !errors.some(({ code }) => code === 'MCP_INTERNAL'))
    wrong.push('no MCP_INTERNAL was reported');
  for (let turns = 0; real.isLeft() && turns < 100; turns += 1) await sleep(5);
  if (real.isLeft()) wrong.push('something of the link is left');
  await outcome(client.connect());
  real.turn();
  if (JSON.stringify(await outcome(client.callTool('x'))) !== JSON.stringify(done))
    wrong.push('no call works any more');
  await client.disconnect();
  if (client.state !== 'closed') wrong.push(`it is ${client.state}`);
  return wrong.map((what) => `${name} ${blow}: ${what}`);
}

describe('a part of a chart that throws lets go of the link', () => {
  test.each([
    ['HTTP', overHttp, 1],
    // Each life starts processes.
    ['stdio', overStdio, 6],
  ] as const)(
    'over %s',
    async (_way, start, every) => {
      const found = await realLife(start, '', 'before');
      fuses.used.delete('requests.port.begin');
      for (const [index, name] of [...fuses.used].entries())
        if (index % every === 0) found.push(...(await realLife(start, name, BLOWS[index % 3] as Blow)));
      expect(found).toEqual([]);
    },
    240_000,
  );
});
