import { fuzz } from '../fuzz/fuzzer.js';
import { recordingsFuzzer } from '../fuzz/recordings-fuzzer.js';
import { resumeFuzzer } from '../fuzz/resume-fuzzer.js';
import { MCPClient, MCPError } from '../../src/index.js';
import { createScriptedServer, parseRecording, replay, sequenceDiagram } from '../../src/testing/index.js';
import type { Recording } from '../../src/testing/index.js';
import { errorFrom } from '../support/outcomes.js';
import { RecordedLines } from '../support/recordings.js';

// What `npm run fuzz` does thousands of times.
test.each([recordingsFuzzer, resumeFuzzer])(
  'untrusted $name are either refused or used',
  async (fuzzer) => {
    const seeds = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(await fuzz(fuzzer, seeds)).toEqual([]);
  },
  60_000,
);

async function recorded(): Promise<RecordedLines> {
  const lines = new RecordedLines();
  await using server = createScriptedServer();
  const client = new MCPClient(server.transport, { record: lines });
  await client.connect();
  await client.disconnect();
  return lines;
}

describe('a line of a recording that is no entry', () => {
  const wrong: [string, unknown, string][] = [
    ['does not say what to tell', { type: 'event', at: 1 }, '"event" must be an event of a connection, got missing'],
    ['has no time', { type: 'clock' }, '"at" must be a number, got missing'],
    ['has a time that never comes', { type: 'clock', at: '∞' }, '"at" must be a number, got ∞'],
    [
      'has a type that every object has',
      { type: 'constructor', at: 1 },
      '"type" must be the type of an entry, got "constructor"',
    ],
    [
      'has a number of a link that is none',
      { type: 'link.left', at: 1, epoch: 0.5 },
      '"epoch" must be a whole number from 1, got 0.5',
    ],
    [
      'has its fields in its prototype',
      JSON.parse('{"type":"unwatch","at":1,"__proto__":{"uri":"x"}}'),
      '"uri" must be a text, got missing',
    ],
    ['is a list', [], 'must be an object, got a list of 0'],
    [
      'says something long in colours',
      { type: '\u001b[31m'.repeat(50), at: 1 },
      '"type" must be the type of an entry, got "',
    ],
  ];

  test.each(wrong)('is refused before anything is repeated when it %s', async (_what, entry, message) => {
    const { lines } = await recorded();
    const text = [lines[0], JSON.stringify(entry), ...lines.slice(1), ''].join('\n');
    const refused = (): Recording => parseRecording(text);
    expect(refused).toThrow(MCPError);
    expect(refused).toThrow(`Line 2 of the recording is invalid: ${message}`);
    // One that was not read from text is checked, too.
    const whole = parseRecording(`${lines.join('\n')}\n`);
    const made = { ...whole, entries: [entry, ...whole.entries] } as Recording;
    const error = await errorFrom(replay(made));
    expect(error).toMatchObject({ code: 'MCP_INVALID_PARAMS', details: { line: 2 } });
  });

  test('is refused when it is nested without end, and names the line', async () => {
    const { lines } = await recorded();
    const deep = `{"type":"message.in","at":1,"epoch":1,"message":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(() => parseRecording([lines[0], deep, ''].join('\n'))).toThrow(/^Line 2 of the recording is nested/);
  });

  test('is refused in the first line, too', async () => {
    const { lines } = await recorded();
    const header = JSON.parse(lines[0] as string) as { policy: Record<string, unknown> };
    header.policy['backoff'] = { delay: 'soon', maxDelay: 1 };
    expect(() => parseRecording(`${JSON.stringify(header)}\n`)).toThrow(
      'Line 1 of the recording is invalid: "policy.backoff.delay" must be a number, or ∞, got "soon"',
    );
  });
});

test('a diagram contains no line, link or directive of an untrusted recording', async () => {
  const recording = (await recorded()).read();
  const evil = [
    ...[
      'click C href "javascript:alert(1)"',
      'links C: {"a": "b"}',
      '\nlink C: a @ https://x',
      '%%{init: {"securityLevel":"loose"}}%%',
    ],
    ...[
      'a;end',
      '<img src=x onerror=alert(1)>',
      '$$\\href{javascript:alert(1)}{x}$$',
      '&lt;script&gt;',
      'as C->>U',
      '#59;',
      '\ud800',
    ],
  ];
  const entries = evil.flatMap((method, index) => [
    { type: 'notified', at: 1, method },
    { type: 'submit', at: 1, call: index + 1, method, params: { name: method } },
    { type: 'state', at: 1, state: method, from: method },
    { type: 'problem', at: 1, code: method },
    { type: 'settled', at: 1, call: index + 1, outcome: { code: method, delivery: method } },
    { type: 'message.in', at: 1, epoch: 1, message: { method, params: { uri: method } } },
    { type: 'message.in', at: 1, epoch: 1, message: { id: method, error: { code: method } } },
    {
      type: 'link.closed',
      at: 1,
      epoch: 1,
      failure: { kind: 'transport', code: method, message: method, details: { signal: method } },
    },
  ]);
  const header = { ...recording.header, transport: { type: evil.join('\n'), framing: 'shared' } };
  const diagram = sequenceDiagram({ header, entries, cut: undefined } as unknown as Recording, { limit: 1_000 });
  const line =
    /^(?:sequenceDiagram| {2}participant [UCS] as [^#;<>%$&"{}\\\n]*| {2}[UCS](?:->>|-->>|-\)|-x|--x)[UCS]: [^#;<>%$&"{}\\]*| {2}Note over [UCS](?:,[CS])?: [^#;<>%$&"{}\\]*|)$/;
  for (const one of diagram.split('\n')) expect(one.replace(/#\d+;/g, '')).toMatch(line);
});
