import { MCPClient, MCPError } from '../../src/index.js';
import { createInspectorServer } from '../../src/inspect/index.js';
import { createScriptedServer, parseRecording, replay, sequenceDiagram } from '../../src/testing/index.js';
import { Dice } from './fuzzer.js';
import type { Fuzzer } from './fuzzer.js';
import { mutated, mutatedText } from './mutations.js';

/** Lines of a session that has some of everything. */
async function recorded(revision: '2025-11-25' | '2026-07-28', redact: boolean): Promise<string[]> {
  const lines: string[] = [];
  await using server = createScriptedServer({
    revision,
    capabilities: { tools: {}, logging: {}, resources: { subscribe: true } },
    handlers: {
      'tools/list': () => ({ tools: [{ name: 'x', inputSchema: { type: 'object' } }] }),
      'tools/call': async ({ name }, { progress, wait }) => {
        progress(1, 2);
        await wait(name === 'slow' ? 60_000 : 5);
        return { content: [] };
      },
      'resources/subscribe': () => ({}),
      'logging/setLevel': () => ({}),
    },
  });
  const client = new MCPClient(server.transport, {
    record: { write: (line) => lines.push(line), redact },
    autoReconnect: true,
    reconnectDelay: 1,
    healthCheckInterval: 20,
    elicitation: () => ({ action: 'accept', content: {} }),
  });
  await client.connect();
  await client.listTools();
  await client.callTool('x', { a: [1, 'b'] }, { onProgress: () => undefined });
  await client.callTool('slow', {}, { timeout: 20 }).catch(() => undefined);
  const giveUp = new AbortController();
  const given = client.callTool('slow', {}, { signal: giveUp.signal }).catch(() => undefined);
  await client.subscribe('test://one');
  if (revision === '2025-11-25') {
    const params = { message: 'm', requestedSchema: { type: 'object', properties: {} } };
    server.send({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params });
    await server.receiveResponse();
  }
  giveUp.abort();
  await given;
  const lost = client.callTool('slow').catch(() => undefined);
  server.hangUp();
  await lost;
  await client.ping().catch(() => undefined);
  await client.disconnect();
  return lines;
}

let originals: Promise<string[][]> | undefined;

function original(seed: number): Promise<string[]> {
  originals ??= Promise.resolve().then(() =>
    Promise.all([recorded('2025-11-25', true), recorded('2026-07-28', true), recorded('2025-11-25', false)]),
  );
  return originals.then((all) => all[seed % all.length] as string[]);
}

/** The lines with a few of them changed, as a stranger might hand them out. */
function tampered(lines: readonly string[], dice: Dice): string {
  const copy = [...lines];
  for (let times = 1 + dice.number(3); times > 0; times -= 1) {
    const at = dice.number(copy.length);
    const line = copy[at] ?? '{}';
    switch (dice.number(10)) {
      case 0:
        copy.splice(at, 1);
        break;
      case 1:
        copy.splice(dice.number(copy.length), 0, line);
        break;
      case 2:
        copy[at] = mutatedText(line, dice);
        break;
      case 3:
        copy[at] = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
        break;
      case 4:
        copy.length = at + 1;
        break;
      default:
        // What is nested too deeply already cannot be walked.
        copy[at] =
          isJson(line) && !line.startsWith('[[[')
            ? JSON.stringify(mutated(JSON.parse(line), dice))
            : mutatedText(line, dice);
    }
  }
  return `${copy.join('\n')}${dice.chance(10) ? '' : '\n'}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Replays recordings of strangers, draws them, and shows them to an inspector. What cannot be used is refused with an `MCPError`; nothing
 * else is thrown, and a replay always ends.
 */
export const recordingsFuzzer: Fuzzer = {
  name: 'recordings',
  async one(seed) {
    const text = tampered(await original(seed), new Dice(seed));
    const found: string[] = [];
    const inspector = seed % 5 === 0 ? await createInspectorServer({ port: 0 }) : undefined;
    try {
      const recording = parseRecording(text);
      await replay(recording, inspector === undefined ? {} : { inspect: inspector });
      for (const line of sequenceDiagram(recording).split('\n'))
        if (!isDiagram(line)) found.push(`a line of the diagram: ${line}`);
    } catch (thrown) {
      if (!MCPError.isInstance(thrown)) found.push(`threw ${String((thrown as Error)?.stack ?? thrown)}`);
    }
    await inspector?.close();
    return found;
  },
};

/** What Mermaid reads in a diagram of ours, with what it is told by number left out. */
function isDiagram(line: string): boolean {
  return /^(?:sequenceDiagram| {2}participant [UCS] as [^#;<>%$&]*| {2}[UCS](?:->>|-->>|-\)|-x|--x)[UCS]: [^#;<>%$&]*| {2}Note over [UCS](?:,[CS])?: [^#;<>%$&]*|)$/.test(
    line.replace(/#\d+;/g, ''),
  );
}
