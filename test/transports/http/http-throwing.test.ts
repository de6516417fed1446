import type { AnyStateMachine } from 'xstate';

import type { Authorizer } from '../../../src/auth/authorizer.js';
import { HttpTransport } from '../../../src/index.js';
import type { Fuses as FusesType } from '../../support/charts/chart-fuses.js';
import { OpenedLink, request } from '../../support/http-link.js';
import { hastyEnvironment } from '../../support/link-recorder.js';
import { ScriptedHttpServer, legacyServer } from '../../support/servers/http-server.js';
import type { HttpVisit } from '../../support/servers/http-server.js';
import { initializeResult } from '../../support/servers/scripts.js';

// The charts are compiled when their files are loaded, which is before any line of this file runs.
jest.mock('../../../src/compiled-chart.js', () => {
  const { Fuses } = jest.requireActual<typeof import('../../support/charts/chart-fuses.js')>(
    '../../support/charts/chart-fuses.js',
  );
  const real = jest.requireActual<typeof import('../../../src/compiled-chart.js')>('../../../src/compiled-chart.js');
  const shared = new Fuses();
  return {
    ...real,
    shared,
    // The chart of a request has a test of its own: test/faults/throwing-charts.test.ts.
    compileChart: (machine: AnyStateMachine, implementations: never) =>
      real.compileChart(
        machine,
        machine.id === 'request' ? implementations : shared.protectCompiled(machine, implementations),
      ),
  };
});

const { shared: fuses } = jest.requireMock<{ shared: FusesType }>('../../../src/compiled-chart.js');

/** How long a promise may take, in ms. */
const PATIENCE = 3_000;
const DONE = { content: [{ type: 'text', text: 'done' }] };

/** What the server does with a message, and with the GET that resumes a stream. @param before how often it was asked for this before */
type Script = (visit: HttpVisit, before: number) => unknown;

/** What the server does with a call, by the name of the tool. */
const TOOLS: Readonly<Record<string, Script>> = {
  json: (visit) => {
    visit.result(DONE);
  },
  stream: (visit) => {
    visit.stream().resultEvent(DONE).end();
  },
  // The client has to end the response.
  endless: (visit) => visit.stream().resultEvent(DONE),
  hangs: () => undefined,
  moved: (visit) => {
    if (visit.path === '/mcp') visit.status(307, { location: '/moved' });
    else visit.result(DONE);
  },
  'moved to a stranger': (visit) => {
    visit.status(307, { location: 'http://192.0.2.1/' });
  },
  'cut off': (visit) => {
    visit.stream().event(undefined, { id: 'e-1', retry: 1 }).cut();
  },
  'with an expired token': (visit, before) => {
    if (before === 0) visit.status(401, { 'www-authenticate': 'Bearer error="invalid_token"' });
    else visit.result(DONE);
  },
  refused: (visit) => {
    visit.error(400, -32_602, 'No such tool');
  },
  'refused for a reason that is cut off': (visit) => {
    visit.response.writeHead(400, { 'content-type': 'application/json', 'content-length': 100 }).write('{');
    visit.cut();
  },
  'answered by an empty stream': (visit) => {
    visit.stream().end();
  },
  'answered by a page': (visit) => {
    visit.response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
  },
  'answered by a page about a failure': (visit) => {
    visit.response.writeHead(502, { 'content-type': 'text/html' }).end('<html>');
  },
  'refused, perhaps because of the session': (visit) => {
    visit.error(200, -32_001, 'Session not found');
  },
  'refused because of the session': (visit) => {
    visit.error(404, -32_001, 'Session not found');
  },
};

const resumption: Script = (visit, before) => {
  if (before === 0) visit.status(503);
  else visit.stream().event({ jsonrpc: '2.0', id: 1, result: DONE }).end();
};

const listTools: Script = (visit) => {
  visit.result({ tools: [] });
};

/** The beginning of HTTP+SSE. Messages to that endpoint are answered nowhere. */
const greet: Script = (visit) => {
  visit.stream().response.write('event: endpoint\ndata: /mcp\n\n');
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How the server receives a handshake, for lives that consist of it. */
const HANDSHAKES: Readonly<Record<string, Script>> = {
  'a handshake with an invalid session id': (visit) => {
    visit.result(initializeResult(), { 'mcp-session-id': 'two words' });
  },
  'a handshake that is refused': (visit) => {
    visit.status(400);
  },
  'a handshake with a server of HTTP+SSE': (visit) => {
    visit.status(405);
  },
};

const LIVES = [...Object.keys(TOOLS).map((tool) => `call: ${tool}`), ...Object.keys(HANDSHAKES)];

/** Asks a person after each refusal. */
const asking: Authorizer = {
  mostRenewals: 1,
  credentials: () => ({ authorization: 'Bearer 1', generation: 1 }),
  renew: async (applicant) => {
    applicant.park();
    await pause(1);
    applicant.unpark();
    return { authorization: 'Bearer 2', generation: 2 };
  },
  accepted: () => undefined,
};

/** What a promise settles with. */
async function settled(promise: unknown): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PATIENCE, 'never');
  });
  const outcome: unknown = await Promise.race([Promise.resolve(promise).catch((thrown: unknown) => thrown), late]);
  clearTimeout(timer);
  return outcome;
}

/** A life in which one part of a chart throws. Returns what is wrong. */
async function lifeWith(life: string, name = ''): Promise<string[]> {
  const counts = new Map<string, number>();
  const play = (key: string, script: Script, visit: HttpVisit): true => {
    const before = counts.get(key) ?? 0;
    counts.set(key, before + 1);
    script(visit, before);
    return true;
  };
  const open = new Set<HttpVisit>();
  const respond = legacyServer(
    (visit) => {
      open.add(visit);
      visit.response.once('close', () => open.delete(visit));
      const { method, params } = visit.method === 'POST' ? visit.message : {};
      if (visit.headers['last-event-id'] !== undefined) return play('resumption', resumption, visit);
      if (visit.method === 'GET' && life.endsWith('HTTP+SSE')) return play('endpoint', greet, visit);
      if (method === 'initialize' && HANDSHAKES[life] !== undefined) return play(life, HANDSHAKES[life], visit);
      if (method === 'tools/list') return play('list', listTools, visit);
      const script = TOOLS[String(params?.['name'])];
      return method === 'tools/call' && script !== undefined && play('call', script, visit);
    },
    { sessionId: 's-1' },
  );
  const server = await ScriptedHttpServer.start(respond);
  const transport = new HttpTransport(server.url);
  const opened = await OpenedLink.open(transport, hastyEnvironment(20), asking);
  const tool = life.replace('call: ', '');
  const call = (id: number, of: string): unknown => opened.link.send(request(id, 'tools/call', { name: of }));
  const wrong: string[] = [];
  const note = (what: string, outcome: unknown): void => {
    if (outcome === 'never') wrong.push(`${what} does not settle`);
  };
  fuses.light(name, 'before');
  note('the handshake', await settled(opened.shakeHands()));
  if (HANDSHAKES[life] === undefined) {
    const called = settled(call(1, tool));
    if (tool === 'hangs') {
      await pause(10);
      opened.link.abandon?.(1);
    }
    note('the call', await called);
    if (tool === 'endless') await pause(50);
  }
  fuses.putOut();
  if (name !== '' && fuses.blown === 0) wrong.push('it did not throw');
  // The link goes on, unless its session has never begun or is lost.
  if (HANDSHAKES[life] === undefined && !opened.news.includes('lost') && transport.sessionId !== undefined) {
    note('the next call', await settled(call(2, 'json')));
    const { messages } = opened.recorder;
    if (!JSON.stringify(messages).includes('"id":2')) wrong.push('no call works any more');
  }
  note('the close', await settled(transport.closeLink()));
  for (let turns = 0; open.size > 0 && turns < 100; turns += 1) await pause(5);
  if (open.size > 0) wrong.push(`${open.size} responses are left open`);
  await server.close();
  return wrong.map((what) => `${life}, ${name}: ${what}`);
}

const reached = new Set<string>();

describe('a part of the charts of HTTP that throws', () => {
  test.each(LIVES)('fails only its request: %s', async (life) => {
    const found = await lifeWith(life);
    for (const name of [...fuses.used.keys()].filter((one) => !reached.has(one))) {
      reached.add(name);
      found.push(...(await lifeWith(life, name)));
    }
    expect(found).toEqual([]);
  });

  test('is tried for everything that the charts name', () => {
    expect(fuses.names.filter((name) => !reached.has(name))).toEqual([]);
  });
});
