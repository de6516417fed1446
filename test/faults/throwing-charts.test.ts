import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyStateMachine } from 'xstate';

import { HttpTransport, MCPClient } from '../../src/index.js';
import type { MCPError, MCPTransport } from '../../src/index.js';
import { connectionMachine } from '../../src/machines/connection/connection-machine.js';
import { connectionPorts } from '../../src/machines/connection/connection-ports.js';
import { healthMachine, healthPorts } from '../../src/machines/health/health-machine.js';
import { requestsPorts } from '../../src/machines/request/request-gate.js';
import { serverRequestMachine, serverRequestPorts } from '../../src/machines/server-requests/server-request-machine.js';
import { serverStreamMachine, serverStreamPorts } from '../../src/machines/server-stream/server-stream-machine.js';
import { subscriptionMachine, subscriptionPorts } from '../../src/machines/subscription/subscription-machine.js';
import { done, leaveSession, LIVES, LifeRun } from '../support/charts/chart-lives.js';
import { LONG } from '../support/long-form.js';
import type { Life } from '../support/charts/chart-lives.js';
import type { Blow, Fuses as FusesType } from '../support/charts/chart-fuses.js';
import { idlePorts } from '../support/charts/idle-ports.js';
import { legacyServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { isAlive } from '../support/servers/processes.js';
import { answer, legacyScript, ScriptedProcess, silence } from '../support/servers/scripts.js';

// The chart of a request is compiled when its file is loaded, which is before any line of this file runs.
jest.mock('../../src/compiled-chart.js', () => {
  const { Fuses } = jest.requireActual<typeof import('../support/charts/chart-fuses.js')>(
    '../support/charts/chart-fuses.js',
  );
  const real = jest.requireActual<typeof import('../../src/compiled-chart.js')>('../../src/compiled-chart.js');
  const shared = new Fuses();
  return {
    ...real,
    shared,
    // The charts of HTTP have a test of their own: test/transports/http/http-throwing.test.ts.
    compileChart: (machine: AnyStateMachine, implementations: never) =>
      real.compileChart(
        machine,
        machine.id === 'request' ? shared.protectCompiled(machine, implementations) : implementations,
      ),
  };
});

const { shared: fuses } = jest.requireMock<{ shared: FusesType }>('../../src/compiled-chart.js');
for (const machine of [
  connectionMachine,
  healthMachine,
  serverRequestMachine,
  serverStreamMachine,
  subscriptionMachine,
])
  fuses.protectChart(machine);
fuses.protectPorts('connection', connectionPorts, idlePorts.connection);
fuses.protectPorts('health', healthPorts, idlePorts.health);
fuses.protectPorts('requests', requestsPorts, idlePorts.requests);
fuses.protectPorts('serverRequest', serverRequestPorts, idlePorts.serverRequest);
fuses.protectPorts('serverStream', serverStreamPorts, idlePorts.serverStream);
fuses.protectPorts('subscription', subscriptionPorts, idlePorts.subscription);

/** Nothing makes these throw, for the reason that is said. Everything else that a chart names is made to throw here. */
const SPARED: Readonly<Record<string, string>> = {
  'requests.port.begin': 'It assigns one field while a connection is made, and without it there is none.',
};

const BLOWS: readonly Blow[] = ['before', 'after', 'always'];

/** The same life again, in which one part throws; and what is wrong then. */
async function lifeWith(
  life: string,
  name = '',
  blow: Blow = 'before',
  at = 1,
): Promise<{ blown: number; wrong: string[] }> {
  const { live, mute } = LIVES[life] as Life;
  fuses.light(name, blow, at);
  const run = await LifeRun.set(LIVES[life] as Life);
  const wrong: string[] = [];
  try {
    await live(run);
  } finally {
    fuses.putOut();
  }
  const { blown } = fuses;
  // However much of it came about, nobody waits for ever.
  await run.clock.advance(60_000);
  const open = run.promises.map((promise) => Promise.race([promise, Promise.resolve(run)]));
  if ((await Promise.all(open)).includes(run)) wrong.push('a promise never settles');
  if (run.waited > 0) wrong.push(`${run.waited} promises are not settled at once`);
  if (blown > 0) {
    if (!run.errors.some(({ code }) => code === 'MCP_INTERNAL')) wrong.push('no MCP_INTERNAL was reported');
    if (!run.states.includes('closed')) wrong.push('the connection was not closed');
    for (const error of run.errors) void error.explain();
  }
  await run.do((client) => client.disconnect(), 10_000);
  if (run.server.transport.connected) wrong.push('the link is still open');
  if (run.client.state !== 'closed' && run.client.state !== 'idle') wrong.push(`it is ${run.client.state}`);
  if (run.clock.pending.length > 0) wrong.push(`timers are left: ${JSON.stringify(run.clock.pending)}`);
  // The script may be at its end: what counts is that the connection does what it is asked to.
  await run.do((client) => client.connect(), mute ? 120_000 : 10_000);
  if (blown > 0 && !mute) {
    await run.do((client) => client.callTool('x'), 1_000);
    const called = await Promise.race([run.promises.at(-1), run.clock.settle()]);
    if (JSON.stringify(called) !== JSON.stringify(done)) wrong.push(`no call works any more: ${String(called)}`);
  }
  await run.do((client) => client.disconnect(), 10_000);
  const last = await Promise.race([Promise.all(run.promises), run.clock.settle().then(() => run)]);
  if (last === run) wrong.push('a promise never settles after connecting again');
  const gone = run.server[Symbol.asyncDispose]();
  await run.clock.advance(10_000);
  await Promise.race([gone, run.clock.settle()]);
  return { blown, wrong: wrong.map((what) => `${life}, ${name} ${blow} use ${at}: ${what}`) };
}

const reached = new Set<string>();

/** What the life before reached and may throw, and how often it was used. */
function usedParts(): [name: string, uses: number][] {
  return [...fuses.used].filter(([name]) => !Object.hasOwn(SPARED, name));
}

beforeAll(leaveSession);

describe('a part of a chart that throws', () => {
  test.each(Object.keys(LIVES))(
    'ends nothing but its connection in %s',
    async (life) => {
      const found = (await lifeWith(life)).wrong;
      for (const [index, [name, uses]] of usedParts().entries()) {
        // A part that threw in another life before does so again in this one (in the long form), in another way, and at its last use.
        const again = reached.has(name);
        if (again && !LONG) continue;
        const at = again ? uses : 1;
        for (const blow of again || !LONG ? [BLOWS[index % 3] as Blow] : BLOWS) {
          const { blown, wrong } = await lifeWith(life, name, blow, at);
          if (blown === 0) wrong.push(`${life}, ${name} ${blow} use ${at}: it did not throw`);
          found.push(...wrong);
        }
        reached.add(name);
      }
      expect(found).toEqual([]);
    },
    240_000,
  );

  test('may be in any chart', () => {
    const folder = path.join(__dirname, '../../src/machines');
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    // Sign-in has a test of its own, with a real authorization server: test/machines/authorization/authorization-throwing.test.ts. So has a group:
    // test/group/throwing.test.ts.
    const charts = sources
      .filter((name) => !name.startsWith('authorization') && !name.startsWith('member'))
      .map((name) => /\bcreateMachine\(\{\s*id: '(\w+)'/.exec(readFileSync(path.join(folder, name), 'utf8'))?.[1])
      .filter((id) => id !== undefined);
    // The requests of a connection have ports, and no chart.
    const fused = new Set(fuses.names.map((name) => name.split('.')[0]).filter((chart) => chart !== 'requests'));
    expect([...fused].sort()).toEqual(charts.sort());
  });

  // Give a life what it needs to reach a name that is missing here.
  test('is tried for everything that a chart names', () => {
    expect(fuses.names.filter((name) => !reached.has(name))).toEqual(Object.keys(SPARED));
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
    ['HTTP', overHttp, LONG ? 1 : 4],
    // Each life starts processes.
    ['stdio', overStdio, LONG ? 6 : 24],
  ] as const)(
    'over %s',
    async (_way, start, every) => {
      const found = await realLife(start, '', 'before');
      for (const [index, [name]] of usedParts().entries())
        if (index % every === 0) found.push(...(await realLife(start, name, BLOWS[index % 3] as Blow)));
      expect(found).toEqual([]);
    },
    240_000,
  );
});
