import { HttpTransport, MCPClient } from '../../../src/index.js';
import { initializeResult } from '../../support/servers/scripts.js';
import { textOf } from '../../support/servers/fixture-servers.js';
import { SseServer } from '../../support/servers/sse-server.js';

test.each([400, 404, 405])(
  'a server of HTTP+SSE that refuses the handshake with HTTP %d is used over HTTP+SSE',
  async (status) => {
    const server = await SseServer.start({
      accept: (visit) => {
        visit.status(visit.path === '/sse' ? status : 202);
      },
      serve: ({ id, method }, stream) => {
        if (method === 'initialize') stream.event({ jsonrpc: '2.0', id, result: initializeResult() });
        else if (method === 'tools/call')
          stream.event({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'done' }] } });
      },
    });
    const client = await MCPClient.connect(new HttpTransport(server.url), { era: 'legacy' });
    expect(textOf(await client.callTool('work'))).toBe('done');
    expect(server.streams).toHaveLength(1);
    await client.close();
    await server.close();
  },
);
