import { MCPClient } from '../../src/index.js';
import type { StdioTransport } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { textOf, toolsServer } from '../support/servers/fixture-servers.js';
import { LONG } from '../support/long-form.js';
import { errorFrom } from '../support/outcomes.js';
import { legacyScript, scriptedServer } from '../support/servers/scripts.js';

jest.setTimeout(60_000);

const MANY = LONG ? 10_000 : 2_000;

test('thousands of calls at once over a pipe are each answered with their own answer', async () => {
  await using client = await MCPClient.connect(toolsServer());
  const recorder = new ClientRecorder(client);
  const calls = Array.from({ length: MANY }, (_, index) => client.callTool('echo', { text: `call ${index}` }));
  const answers = (await Promise.all(calls)).map(textOf);
  expect(answers).toEqual(Array.from({ length: MANY }, (_, index) => `call ${index}`));
  expect(recorder).toMatchObject({ warning: [], error: [] });
});

test('thousands of calls that are answered in the opposite order are each answered with their own answer', async () => {
  await using server = await scriptedServer(
    legacyScript('2025-11-25', {
      'tools/call': [],
      release: ({ id }) => [
        ...server.received
          .filter(({ method }) => method === 'tools/call')
          .reverse()
          .map((call) => ({
            say: { jsonrpc: '2.0', id: call.id, result: { content: [{ type: 'text', text: call.params?.['name'] }] } },
          })),
        { say: { jsonrpc: '2.0', id, result: {} } },
      ],
    }),
  );
  await using client = await MCPClient.connect(server.transport);
  const calls = Array.from({ length: MANY }, (_, index) => client.callTool(`tool ${index}`));
  await client.request('release');
  const answers = await Promise.all(calls);
  expect(answers.map(textOf)).toEqual(calls.map((_, index) => `tool ${index}`));
});

test('thousands of calls in flight all fail at the death of the server, in the order in which they were made', async () => {
  await using client = await MCPClient.connect(toolsServer());
  const recorder = new ClientRecorder(client, ['notification']);
  const order: number[] = [];
  const calls = Array.from({ length: MANY }, (_, index) =>
    errorFrom(client.callTool('hang')).finally(() => {
      order.push(index);
    }),
  );
  await recorder.first('notification', MANY);
  process.kill((client.transport as StdioTransport).pid as number, 'SIGKILL');
  const errors = await Promise.all(calls);
  expect(errors.every((error) => error.delivery === 'unknown' && error.code === 'MCP_PROCESS_EXITED')).toBe(true);
  expect(order).toEqual(calls.map((_, index) => index));
});

test('thousands of calls of 10 KB each wait for the pipe and are answered', async () => {
  await using client = await MCPClient.connect(toolsServer());
  const text = 'x'.repeat(10_000);
  const calls = Array.from({ length: MANY }, () => client.callTool('echo', { text }));
  expect((await Promise.all(calls)).every((answer) => textOf(answer) === text)).toBe(true);
});
