import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';

import { MCPClient } from '../../src/index.js';
import type { MCPError } from '../../src/index.js';
import { toolsServer } from '../support/servers/fixture-servers.js';
import { legacyServer, ScriptedHttpServer } from '../support/servers/http-server.js';
import { errorFrom } from '../support/outcomes.js';
import { legacyScript, refuse, ScriptedProcess, silence } from '../support/servers/scripts.js';

/** What a log shows of an error, and what a machine reads of it. */
function logged(error: MCPError): { readonly text: string; readonly fields: Record<string, unknown> } {
  return { text: inspect(error), fields: JSON.parse(JSON.stringify(error)) as Record<string, unknown> };
}

describe('pain 41: "an error in the log says neither which tool, nor whether it ran, nor what to do"', () => {
  test.each([
    ['no answer', silence, 'MCP_TIMEOUT', 'unknown', 'raise `timeout`'],
    ['a refusal', refuse(-32601, 'Method not found'), 'MCP_TOOL_ERROR', 'answered', 'listTools()'],
    ['a failure', refuse(-32603, 'out of disk'), 'MCP_TOOL_ERROR', 'answered', 'its log'],
    [
      'a death',
      [{ complain: 'heap out of memory' }, { end: 1 as const }],
      'MCP_PROCESS_EXITED',
      'unknown',
      'ran out of memory',
    ],
  ])('%s: the error names the tool, its delivery and a hint', async (_what, steps, code, delivery, hint) => {
    using process = new ScriptedProcess(legacyScript('2025-11-25', { 'tools/call': steps }));
    await using client = await MCPClient.connect(process.transport);
    const { text, fields } = logged(await errorFrom(client.callTool('pay_invoice', {}, { timeout: 300 })));
    for (const part of ['pay_invoice', code, delivery, hint]) expect(text).toContain(part);
    expect(fields).toMatchObject({
      code,
      delivery,
      details: { tool: 'pay_invoice' },
      hint: expect.stringContaining(hint) as string,
    });
    expect(fields['message']).toContain('pay_invoice');
  });

  test('a token that the server refused: the hint is to renew it, not to give one', async () => {
    const server = await ScriptedHttpServer.start(
      legacyServer((visit) => visit.message.method === 'tools/call' && (visit.status(401), true)),
    );
    const target = { url: server.url, headers: { Authorization: 'Bearer old-token-value' } };
    await using client = await MCPClient.connect(target);
    const { text } = logged(await errorFrom(client.callTool('pay_invoice')));
    expect(text).toContain('does not accept this token');
    expect(text).not.toContain('pass the transport');
    expect(text).not.toContain('old-token-value');
    await server.close();
  });

  test('a URL without the path of the endpoint: the hint has the path', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(404).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { text } = logged(await errorFrom(MCPClient.connect(`${origin}/foo`)));
    expect(text).toContain(`${origin}/foo/mcp or ${origin}/foo/sse or ${origin}/mcp`);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test('a name with a typo: the message suggests the right one, without another request', async () => {
    await using client = await MCPClient.connect(toolsServer());
    const names = (await client.listTools()).map(({ name }) => name);
    expect(names).toContain('release');
    expect((await errorFrom(client.callTool('relaese'))).message).toContain('Did you mean "release"?');
  });

  test('a process that exits in the middle of a session: the hint is not about starting it', async () => {
    await using client = await MCPClient.connect(toolsServer());
    const error = await errorFrom(client.callTool('die', { code: 0, words: '' }));
    expect(error).toMatchObject({ code: 'MCP_PROCESS_EXITED', delivery: 'unknown', details: { tool: 'die' } });
    expect(error.hint).toContain('during use');
    expect(error.explain()).toContain(error.hint);
  });
});
