import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { MCPClient } from '../../src/index.js';
import type { StdioTransport } from '../../src/index.js';
import { createInspectorServer } from '../../src/inspect/index.js';
import type { InspectorServer, InspectorServerOptions } from '../../src/inspect/index.js';
import { createScriptedServer, readRecording, replay, SimulatedEnvironment } from '../../src/testing/index.js';
import type { Recording } from '../../src/testing/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { scratchDirectory, toolsServer } from '../support/servers/fixture-servers.js';
import { InspectorPage } from '../support/inspector-page.js';
import { errorFrom } from '../support/outcomes.js';
import { RecordedLines } from '../support/recordings.js';
import { Leftovers } from '../chaos/processes.js';

const scratch = scratchDirectory();

/** The public states that a recording has, with their times. */
function statesOf({ entries }: Recording): (readonly [number, string])[] {
  return entries.flatMap((entry) => (entry.type === 'state' ? [[entry.at, entry.state] as const] : []));
}

/** Those that a page was told. */
function statesOn(page: InspectorPage): (readonly [number, string])[] {
  return page.all('step').flatMap(({ at, tag }) => (tag === undefined || tag === 'idle' ? [] : [[at, tag] as const]));
}

/** The words about the end of a recording, on a page. */
async function endOn(page: InspectorPage): Promise<string | undefined> {
  return (await page.untilRecord('link', ({ what }) => what === 'recording.ended')).note;
}

/** A short session in memory in which 5 s pass between the calls. */
async function session(calls = 1, redact = true): Promise<RecordedLines> {
  const recorded = new RecordedLines();
  const environment = new SimulatedEnvironment({ start: 1_700_000_000_000 });
  await using server = createScriptedServer({ handlers: { 'tools/call': () => ({ content: [] }) } });
  const client = new MCPClient(server.transport, { environment, record: { write: recorded.write, redact } });
  await client.connect();
  for (let call = 0; call < calls; call += 1) {
    await client.callTool('read', { password: 'hunter2' });
    await environment.advance(5_000);
  }
  await client.close();
  return recorded;
}

/** What a page is shown of a recording that is replayed. */
async function shown(
  recording: Recording,
  snapshot: (page: InspectorPage, inspector: InspectorServer) => Promise<void> | void,
  options: InspectorServerOptions = {},
): Promise<void> {
  await using inspector = await createInspectorServer(options);
  await replay(recording, { inspect: inspector });
  await using page = await InspectorPage.open(inspector);
  await snapshot(page, inspector);
}

test('a recording of a process that is killed and comes back is shown with its states and requests, at the times when they were', async () => {
  const file = scratch('killed.ndjson');
  const client = new MCPClient(toolsServer(), { record: file, autoReconnect: true, reconnectDelay: 1 });
  const announced = new ClientRecorder(client, ['notification']);
  await client.connect();
  await client.callTool('echo', { text: 'a secret' });
  const lost = errorFrom(client.callTool('hang'));
  await announced.first('notification');
  process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
  await lost;
  await client.callTool('echo', { text: 'another secret' });
  await client.close();
  const recording = await readRecording(file);

  await using inspector = await createInspectorServer();
  await using early = await InspectorPage.open(inspector);
  const report = await replay(file, { inspect: inspector });
  expect(report).toMatchObject({ divergence: undefined, remark: undefined });
  expect(await endOn(early)).toBeUndefined();
  expect(statesOn(early).map(([, state]) => state)).toEqual(announced.state);
  expect(statesOn(early)).toEqual(statesOf(recording));
  const [view] = Object.values(early.world.clients);
  expect(view).toMatchObject({
    name: path.basename(file),
    transport: 'StdioTransport',
    recording: true,
    tag: 'closed',
  });
  expect(view?.ended.map(({ request, state }) => [request.about, state])).toEqual([
    ['echo', 'request.succeeded'],
    ['hang', 'request.responseLost'],
    ['echo', 'request.succeeded'],
  ]);
  const sent = recording.entries.filter((entry) => entry.type === 'submit' && entry.method === 'tools/call');
  const asked = early.all('actor').filter(({ request }) => request?.method === 'tools/call');
  expect(asked.map(({ since }) => since)).toEqual(sent.map(({ at }) => at));
  expect(early.received).not.toContain('secret"');
  // It stays as it is, for pages that come later, too.
  await using late = await InspectorPage.open(inspector);
  expect(late.records).toEqual(early.records);
  expect(late.hellos[0]?.now).toBe(recording.entries.at(-1)?.at);
});

test('nothing is left of it after close', async () => {
  const recording = (await session()).read();
  using leftovers = new Leftovers();
  await shown(recording, (page) => page.untilRecord('session').then(() => undefined));
  expect(await leftovers.left()).toEqual([]);
});

test('the pseudonyms on the page are those of the file', async () => {
  const recorded = await session();
  await shown(recorded.read(), (page) => {
    const calls = page.all('message').filter(({ method }) => method === 'tools/call');
    const [pseudonym] = /‹s\d+:7›/.exec(recorded.lines.find((line) => line.includes('"tools/call"')) ?? '') ?? [];
    expect(calls[0]?.detail).toContain(`"password":"${String(pseudonym)}"`);
  });
});

test('secrets of a recording that has them are hidden, unless the inspector shows those of clients as well', async () => {
  const recording = (await session(1, false)).read();
  await shown(recording, (page) => {
    expect(page.received).not.toContain('hunter2');
  });
  await shown(
    recording,
    (page) => {
      expect(page.received).toContain('hunter2');
    },
    { redact: false },
  );
});

test('of a long recording the end is kept, and rates are those of its own time', async () => {
  const recording = (await session(400)).read();
  const last = recording.entries.at(-1)?.at;
  await shown(
    recording,
    (page) => {
      expect(page.records.length).toBeLessThan(300);
      expect(page.records.at(-1)).toMatchObject({ what: 'recording.ended', at: last });
      expect(page.world.clients[1]).toMatchObject({ tag: 'closed', server: 'scripted 1.0.0' });
      const calls = page.all('message').filter(({ method }) => method === 'tools/call');
      expect(calls.length).toBeGreaterThan(5);
      expect(calls.map(({ at }) => ((last ?? 0) - at) % 5_000)).toEqual(calls.map(() => 0));
      const counted = page.all('rates').filter(({ started }) => started > 0);
      expect(counted.length).toBeGreaterThan(5);
      expect(counted.map(({ started }) => started)).toEqual(counted.map(() => 1));
      expect(Math.max(...counted.map(({ ms }) => ms))).toBeLessThan(5_000);
      const times = page.records.map(({ at }) => at);
      expect(times).toEqual([...times].sort((one, other) => one - other));
    },
    { history: 200 },
  );
});

describe('what is not the whole of a session is shown as far as it goes, with the reason', () => {
  test('a recording that breaks off', async () => {
    const { lines } = await session();
    const file = scratch('torn.ndjson');
    const end = lines.findIndex((line) => line.includes('"type":"disconnect"'));
    writeFileSync(file, `${lines.slice(0, end).join('\n')}\n${String(lines[end]).slice(0, 20)}`);
    await shown(await readRecording(file), async (page) => {
      expect(await endOn(page)).toBe('The recording was cut off: its last line is incomplete');
      expect(statesOn(page).at(-1)?.[1]).toBe('ready');
    });
    writeFileSync(file, `${lines.slice(0, end).join('\n')}\n`);
    expect((await replay(file)).remark).toBe('The recording ends before the connection was closed');
  });

  test('a replay that goes another way', async () => {
    const recorded = await session();
    const at = recorded.lines.findIndex((line) => line.includes('"path":"linked.established.ready"'));
    recorded.lines[at] = String(recorded.lines[at]).replace('.ready', '.degraded');
    await shown(recorded.read(), async (page) => {
      expect(await endOn(page)).toBe(
        `The replay diverged at line ${at + 1}: the recording has "path", the replay has "path"`,
      );
    });
  });
});

test('an inspector shows clients or one recording', async () => {
  const recording = (await session()).read();
  const refused = { code: 'MCP_INVALID_PARAMS', message: expect.stringContaining('this one is in use') as string };
  await using server = createScriptedServer();
  await shown(recording, async (_page, inspector) => {
    expect(await errorFrom(replay(recording, { inspect: inspector }))).toMatchObject(refused);
    expect(() => new MCPClient(server.transport, { inspect: inspector })).toThrow('this one is in use');
  });
  await using inspector = await createInspectorServer();
  await using client = new MCPClient(server.transport, { inspect: inspector });
  await client.connect();
  expect(await errorFrom(replay(recording, { inspect: inspector }))).toMatchObject(refused);
});

test('any other inspector may be shown a recording as well', async () => {
  const types: unknown[] = [];
  await replay((await session()).read(), { inspect: (event) => void types.push((event as { type: unknown }).type) });
  expect(types).toContain('@xstate.snapshot');
});
