import { MCPClient, MCPProtocol, MCPToolError } from '../../src/index.js';
import { PACKAGE } from '../../src/util/package.js';
import { errorFrom, rejection, turns } from '../support/outcomes.js';
import {
  answer,
  initializeResult,
  legacyScript,
  modernScript,
  refuse,
  scriptedServer,
  silence,
} from '../support/servers/scripts.js';

const serverInfo = { name: 's', version: '2' };
const script = legacyScript('2025-06-18', {
  initialize: answer(
    initializeResult('2025-06-18', {
      serverInfo,
      capabilities: { tools: { listChanged: true }, prompts: {}, resources: {} },
    }),
  ),
  'tools/list': answer({ tools: [] }),
  'prompts/list': answer({ prompts: [{ name: 'p' }] }),
  'resources/list': answer({ resources: [] }),
  'tools/call': answer({ content: [] }),
  'prompts/get': answer({ messages: [] }),
  'resources/read': answer({ contents: [] }),
  'x/y': answer({ z: 1 }),
});

test('before it is initialized it knows only itself', async () => {
  await using server = await scriptedServer(script);
  const protocol = new MCPProtocol(server.transport, { timeout: 1_234 });
  expect(protocol).toMatchObject({ initialized: false, timeout: 1_234, clientInfo: PACKAGE });
  expect(protocol.transport).toBe(server.transport);
  expect([protocol.serverInfo, protocol.serverCapabilities, protocol.protocolVersion]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(await errorFrom(protocol.callTool('x'))).toMatchObject({ code: 'MCP_NOT_CONNECTED', delivery: 'not-sent' });
  await protocol.shutdown();
});

test('initialize() negotiates, and what was negotiated can be read', async () => {
  await using server = await scriptedServer(script);
  await using protocol = new MCPProtocol(server.transport, { clientInfo: { name: 'mine', version: '1' } });
  const info = await protocol.initialize();
  expect(info).toMatchObject({ name: 's', version: '2', protocolVersion: '2025-06-18', era: 'legacy' });
  expect(await protocol.initialize()).toEqual(info);
  expect(protocol).toMatchObject({
    initialized: true,
    serverInfo,
    serverCapabilities: { tools: { listChanged: true } },
    protocolVersion: '2025-06-18',
    clientInfo: { name: 'mine' },
  });
  expect(await server.receive('initialize')).toMatchObject({ params: { clientInfo: { name: 'mine', version: '1' } } });
});

test('initialize() has a timeout and a signal', async () => {
  await using server = await scriptedServer({ initialize: silence });
  const protocol = new MCPProtocol(server.transport);
  expect(await errorFrom(protocol.initialize({ timeout: 30 }))).toMatchObject({
    code: 'MCP_TIMEOUT',
    details: { timeout: 30 },
  });
  expect(await rejection(protocol.initialize({ signal: AbortSignal.abort('no') }))).toBe('no');
  await protocol.shutdown();
});

test('its calls are those of a client', async () => {
  await using server = await scriptedServer(script);
  await using protocol = await MCPProtocol.connect(server.transport);
  expect(await protocol.listTools()).toEqual([]);
  expect(await protocol.listPrompts()).toEqual([{ name: 'p' }]);
  expect(await protocol.listResources()).toEqual([]);
  expect(await protocol.callTool('t', { a: 1 })).toEqual({ content: [] });
  expect(await protocol.getPrompt('p', { b: '2' })).toEqual({ messages: [] });
  expect(await protocol.readResource('x:1')).toEqual({ contents: [] });
  expect(await protocol.request('x/y')).toEqual({ z: 1 });
  await protocol.notify('notifications/x', { c: 3 });
  const { params } = await server.receive('notifications/x');
  expect(params).toEqual({ c: 3 });
});

test('it keeps no lists', async () => {
  await using server = await scriptedServer(script);
  await using protocol = await MCPProtocol.connect(server.transport);
  await protocol.listTools();
  await protocol.listTools();
  expect(server.methods.filter((method) => method === 'tools/list')).toHaveLength(2);
});

test('it does not reconnect, and sends nothing twice', async () => {
  await using server = await scriptedServer({ ...script, 'resources/read': silence });
  await using protocol = await MCPProtocol.connect(server.transport);
  const reading = errorFrom(protocol.readResource('x:1'));
  await server.receive('resources/read');
  server.hangUp();
  expect(await reading).toMatchObject({ code: 'MCP_CONNECTION_LOST', delivery: 'unknown' });
  await turns();
  expect(protocol.initialized).toBe(false);
  await protocol.initialize();
  expect(protocol.initialized).toBe(true);
});

test('errors of tools are thrown or returned, as onToolError selects', async () => {
  await using server = await scriptedServer({ ...script, 'tools/call': answer({ content: [], isError: true }) });
  await using protocol = await MCPProtocol.connect(server.transport, { onToolError: 'return' });
  expect(await protocol.callTool('t')).toMatchObject({ isError: true });
  expect(await errorFrom(protocol.callTool('t', {}, { onToolError: 'throw' }))).toBeInstanceOf(MCPToolError);
});

test('notifications reach its handlers until they are removed', async () => {
  await using server = await scriptedServer(script);
  await using protocol = await MCPProtocol.connect(server.transport);
  const heard: unknown[] = [];
  const handler = (params: unknown): void => void heard.push(params);
  protocol.addNotificationHandler('x', handler);
  server.notify('notifications/x', { a: 1 });
  await turns();
  protocol.removeNotificationHandler('notifications/x', handler);
  server.notify('notifications/x', { a: 2 });
  await turns();
  expect(heard).toEqual([{ a: 1 }]);
});

test('shutdown() ends what is pending, and may be called twice', async () => {
  await using server = await scriptedServer({ ...script, 'tools/call': silence });
  const protocol = await MCPProtocol.connect(server.transport);
  const call = errorFrom(protocol.callTool('t'));
  await Promise.all([protocol.shutdown(), protocol.shutdown()]);
  expect(await call).toMatchObject({ code: 'MCP_CONNECTION_CLOSED' });
  expect(protocol.initialized).toBe(false);
  await protocol.shutdown();
});

test('MCPProtocol.connect() that fails leaves the transport to others', async () => {
  await using server = await scriptedServer({ initialize: refuse(-32000, 'go away') });
  expect(await errorFrom(MCPProtocol.connect(server.transport))).toMatchObject({
    code: 'MCP_RPC_ERROR',
    errorCode: -32000,
  });
  await turns();
  const other = new MCPProtocol(server.transport);
  expect(await errorFrom(other.initialize())).toMatchObject({ code: 'MCP_RPC_ERROR' });
});

test('the protocol of a client is a view on its connection', async () => {
  await using server = await scriptedServer(modernScript());
  const client = new MCPClient(server.transport);
  const { protocol } = client;
  expect(protocol).toBe(client.protocol);
  expect(protocol.initialized).toBe(false);
  await protocol.initialize();
  expect(client.state).toBe('ready');
  expect(protocol.protocolVersion).toBe('2026-07-28');
  await client.disconnect();
  expect(protocol.initialized).toBe(false);
});
