import type { MCPClientOptions, MCPTool } from '../../../src/index.js';
import { ClientRecorder } from '../../support/client-recorder.js';
import { connectUntilTestEnds } from '../../support/scripted-clients.js';
import { errorFrom, rejection, turns } from '../../support/outcomes.js';
import { answer, legacyScript, refuse, silence } from '../../support/servers/scripts.js';
import type { Step } from '../../support/servers/scripts.js';

const connect = connectUntilTestEnds();

const output = { content: [], structuredContent: { celsius: 21 } };

function weather(needed: string): MCPTool {
  return {
    name: 'weather',
    inputSchema: { type: 'object' },
    outputSchema: { type: 'object', required: [needed] },
  };
}

/** A client that has listed the tools of a server which then changes them. */
async function meet(options?: MCPClientOptions, call: readonly Step[] = answer(output)) {
  const offered = { tools: [weather('fahrenheit')] };
  let listing = (): readonly Step[] => answer(offered);
  const script = legacyScript('2025-11-25', { 'tools/list': () => [...listing()], 'tools/call': [...call] });
  const { server, client } = await connect(script, options);
  await client.listTools();
  const announce = async (tools: MCPTool[]): Promise<void> => {
    offered.tools = tools;
    server.notify('notifications/tools/list_changed');
    await turns();
  };
  const listings = (): number => server.methods.filter((method) => method === 'tools/list').length;
  const answerListing = (steps: readonly Step[]): void => {
    listing = () => steps;
  };
  return { server, client, announce, listings, answerListing };
}

describe('structured output that does not fit what the tool was known to give', () => {
  test('is held against what it gives now, when that may have changed', async () => {
    const { client, announce, listings } = await meet();
    await announce([weather('celsius')]);
    expect(await client.callTool('weather')).toEqual(output);
    expect(listings()).toBe(2);
    expect(await client.callTool('weather')).toEqual(output);
    expect(listings()).toBe(2);
  });

  test('is given back when the tool does not promise anything any more, or is not known', async () => {
    const { client, announce } = await meet();
    await announce([{ name: 'weather', inputSchema: { type: 'object' } }]);
    expect(await client.callTool('weather')).toEqual(output);
    const other = await meet();
    await other.announce([]);
    expect(await other.client.callTool('weather')).toEqual(output);
  });

  test('is refused when the tool still promises the same', async () => {
    const { client, announce, listings } = await meet();
    await announce([weather('kelvin')]);
    expect((await errorFrom(client.callTool('weather'))).message).toContain("must have required property 'kelvin'");
    expect(listings()).toBe(2);
  });

  test('is refused at once when nothing can have changed', async () => {
    const { client, listings } = await meet();
    expect(await errorFrom(client.callTool('weather'))).toMatchObject({ code: 'MCP_INVALID_RESULT' });
    expect(listings()).toBe(1);
  });

  test('is refused when the server does not say what it gives now', async () => {
    const { client, announce, answerListing } = await meet();
    await announce([]);
    answerListing(refuse(-32603, 'Not now'));
    expect(await errorFrom(client.callTool('weather'))).toMatchObject({ code: 'MCP_INVALID_RESULT' });
  });

  test('may be given up while that is asked', async () => {
    const { client, server, announce, answerListing } = await meet();
    await announce([]);
    answerListing(silence);
    const controller = new AbortController();
    const calling = rejection(client.callTool('weather', {}, { signal: controller.signal }));
    await server.receive('tools/list');
    await server.receive('tools/list');
    controller.abort('enough');
    expect(await calling).toBe('enough');
  });
});

describe('a tool that was known to be repeatable', () => {
  const tools = (idempotentHint: boolean): MCPTool[] => [
    { name: 'put', inputSchema: { type: 'object' }, annotations: { idempotentHint } },
  ];

  test('is not repeated when the server has announced that its tools are others now', async () => {
    const { client, server, announce } = await meet({ autoReconnect: true, reconnectDelay: 0 }, silence);
    await announce(tools(true));
    await client.listTools();
    const recorder = new ClientRecorder(client);
    const repeated = client.callTool('put');
    await server.receive('tools/call');
    server.hangUp();
    server.respond(await server.receive('tools/call'), output);
    expect(await repeated).toEqual(output);

    await recorder.until(() => recorder.state.at(-1) === 'ready');
    await announce(tools(false));
    const call = errorFrom(client.callTool('put'));
    await server.receive('tools/call');
    server.hangUp();
    expect(await call).toMatchObject({ delivery: 'unknown' });
  });
});
