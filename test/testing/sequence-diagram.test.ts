import { MCPClient } from '../../src/index.js';
import { createScriptedServer, readRecording, sequenceDiagram } from '../../src/testing/index.js';
import { scratchDirectory, toolsServer } from '../support/servers/fixture-servers.js';
import { errorFrom } from '../support/outcomes.js';
import { RecordedLines } from '../support/recordings.js';

jest.setTimeout(30_000);

const scratch = scratchDirectory();

/** Everything that Mermaid may read in a sequence diagram of ours. A text has none of its signs. */
const LINE =
  /^(sequenceDiagram| {2}participant [UCS] as [^;<>]+| {2}[UCS](->>|-->>|-\)|-x|--x)[UCS]: [^;<>]+| {2}Note over [UCS](,[CS])?: [^;<>]+|)$/;

function linesOf(diagram: string): string[] {
  const lines = diagram.split('\n');
  // What Mermaid is told by number.
  const odd = lines.filter((line) => !LINE.test(line.replace(/#\d+;/g, '')));
  expect(odd).toEqual([]);
  return lines.map((line) => line.trim());
}

test('says what happened to a process, and what that did to calls', async () => {
  const file = scratch('session.ndjson');
  const client = new MCPClient(toolsServer(), { record: file, era: 'legacy' });
  await client.connect();
  await errorFrom(client.callTool('die', { code: 7 }));
  await client.close();
  const lines = linesOf(sequenceDiagram(await readRecording(file)));
  expect(lines).toContain('participant S as server (StdioTransport)');
  expect(lines).toContain('U->>C: 2: tools/call die');
  expect(lines).toContain('C->>S: tools/call die (2)');
  expect(lines).toContain('Note over C,S: link 1 is closed: MCP_PROCESS_EXITED, exit code 7');
  expect(lines).toContain('C-->>U: 2: MCP_PROCESS_EXITED, unknown');
  expect(lines).not.toContain('Note over C,S: the client closes link 1');
});

test('leaves out the middle of a long session, and says how much', async () => {
  const recorded = new RecordedLines();
  await using server = createScriptedServer({ handlers: { 'tools/call': () => ({ content: [] }) } });
  const client = new MCPClient(server.transport, { record: recorded });
  await client.connect();
  for (let call = 0; call < 50; call += 1) await client.callTool('x');
  await client.close();
  const whole = linesOf(sequenceDiagram(recorded.read(), { limit: 1_000 }));
  const short = linesOf(sequenceDiagram(recorded.read(), { limit: 20 }));
  expect(whole.length).toBeGreaterThan(200);
  expect(short).toHaveLength(4 + 10 + 1 + 10 + 1);
  expect(short).toContain(`Note over U,S: ${whole.length - 5 - 20} steps are left out`);
  expect(short.slice(0, 14)).toEqual(whole.slice(0, 14));
  expect(short.slice(-11)).toEqual(whole.slice(-11));
});

test('is not broken by what others write', async () => {
  const recorded = new RecordedLines();
  await using server = createScriptedServer({ revision: '2025-11-25', handlers: { odd: () => ({}) } });
  const client = new MCPClient(server.transport, { record: { write: recorded.write, redact: false } });
  await client.connect();
  const odd = 'a; b #35; <b>c</b>\n%% d\u001b[2J end';
  await client.callTool(odd).catch(() => undefined);
  server.notify(odd);
  await client.request(`${odd} ${'x'.repeat(500)}`, { uri: odd }).catch(() => undefined);
  await client.close();
  const lines = linesOf(sequenceDiagram(recorded.read()));
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(250);
  expect(lines.join('\n')).toContain('a#59; b #35;35#59; #60;b#62;c#60;/b#62; #37;#37; d end');
});
