import { MCPClient, StdioTransport } from '../../src/index.js';
import { tooMuchStructure } from '../../src/protocol/messages/parsed-size.js';
import { parseJson } from '../../src/transports/http/http-body.js';
import { errorFrom } from '../support/outcomes.js';

const MILLION = 1_000_000;

describe('tooMuchStructure', () => {
  test('refuses messages that become far larger than they are, and says whose answer they were', () => {
    const answer = (filling: string): string => `{"jsonrpc":"2.0","id":7,"result":{"x":[${filling}0]}}`;
    for (const filling of ['{},', '[],', '"",0,0,0,0,0,0,0,', '{"a":[]},']) {
      const refused = tooMuchStructure(answer(filling.repeat(3 * MILLION)));
      expect(refused).toMatchObject({ code: 'MCP_MESSAGE_TOO_LARGE', delivery: 'answered', details: { requestId: 7 } });
    }
    expect(tooMuchStructure('['.repeat(5 * MILLION))).toMatchObject({ code: 'MCP_MESSAGE_TOO_LARGE' });
  });

  test('lets the longest messages of an honest server through', () => {
    const row = '{"id":1,"name":"abc","value":123.4},';
    for (const filling of [row.repeat((32 * 1024 * 1024) / row.length), `"${'{},[\\\\\\"'.repeat(4 * MILLION)}",`]) {
      expect(tooMuchStructure(`[${filling}0]`)).toBeUndefined();
    }
  });

  test('is asked before a body, an event or a message of a WebSocket is parsed', () => {
    expect(parseJson('['.repeat(5 * MILLION))).toMatchObject({ code: 'MCP_MESSAGE_TOO_LARGE' });
  });

  test('fails the call over stdio, and the connection goes on', async () => {
    const program = `
      const out = (id, rest) => process.stdout.write('{"jsonrpc":"2.0","id":' + JSON.stringify(id) + ',' + rest + '}\\n');
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { id, method } = JSON.parse(line);
        if (method === 'initialize')
          out(id, '"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}');
        else if (method === 'tools/call') out(id, '"result":{"content":[],"x":[' + '{},'.repeat(5e6) + '0]}');
        else if (method === 'ping') out(id, '"result":{}');
        else if (id !== undefined) out(id, '"error":{"code":-32601,"message":"unknown"}');
      });`;
    const client = await MCPClient.connect(new StdioTransport(process.execPath, ['-e', program]));
    try {
      const refused = await errorFrom(client.callTool('work'));
      expect(refused).toMatchObject({ code: 'MCP_MESSAGE_TOO_LARGE', delivery: 'answered' });
      expect(await client.ping()).toBeGreaterThanOrEqual(0);
    } finally {
      await client.disconnect();
    }
  });
});
