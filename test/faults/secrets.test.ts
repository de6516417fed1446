import { inspect } from 'node:util';

import { MCPClient, MCPConnection } from '../../src/index.js';
import type { MCPError } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { toolsServer } from '../support/servers/fixture-servers.js';
import { errorFrom } from '../support/outcomes.js';

jest.setTimeout(30_000);

const TOKEN = 'sk-live-0123456789';
const ARGUMENT = 'patient-4711';
const OPTION = 'option-8811';

/** Every way in which people print an error. */
function printed(error: MCPError): string {
  const { stack, cause } = error;
  return [
    error.message,
    String(error),
    error.explain(),
    JSON.stringify(error),
    JSON.stringify(error.details),
    inspect(error, { depth: 10, showHidden: true }),
    stack,
    inspect(cause, { depth: 10, showHidden: true }),
  ].join('\n');
}

function expectNoSecrets(...texts: string[]): void {
  for (const secret of [TOKEN, ARGUMENT, OPTION]) expect(texts.join('\n')).not.toContain(secret);
}

test('what is known of a server that prints its secrets and dies shows none of them', async () => {
  const transport = toolsServer({ log: '/dev/null' }, { env: { API_TOKEN: TOKEN } });
  const client = await MCPClient.connect(transport);
  const error = await errorFrom(
    client.callTool('die', { code: 1, words: `cannot sign in with ${TOKEN}\n`, patient: ARGUMENT }),
  );
  expect(error.details['stderr']).toBe('cannot sign in with [redacted]\n');
  expectNoSecrets(printed(error), client.explain(), inspect(client, { depth: 10, showHidden: true }));
  const refused = await errorFrom(client.callTool('echo', { patient: ARGUMENT }));
  expectNoSecrets(printed(refused));
  await client.disconnect();
});

test('what is known of a server that does not start shows neither its variables nor its arguments', async () => {
  for (const transport of [
    toolsServer({ starts: '/no/such/directory', key: OPTION }, { env: { API_TOKEN: TOKEN } }),
    toolsServer({ key: OPTION }, { env: { API_TOKEN: TOKEN }, cwd: '/no/such/directory' }),
  ]) {
    const client = new MCPClient(transport);
    const error = await errorFrom(client.connect());
    expectNoSecrets(printed(error), client.explain(), inspect(client, { depth: 10, showHidden: true }));
    await client.disconnect();
  }
});

test('errors of calls do not show the arguments of the calls', async () => {
  await using client = await MCPClient.connect(toolsServer({}, { env: { API_TOKEN: TOKEN } }));
  const args = { patient: ARGUMENT, mebibytes: 0 };
  const errors = [
    await errorFrom(client.callTool('hang', args, { timeout: 50 })),
    await errorFrom(client.callTool('misshapen', args)),
    await errorFrom(client.callTool('no-such-tool', args)),
    await errorFrom(client.callTool('fail', { ...args, words: 'it failed' })),
    await errorFrom(client.callTool('echo', { patient: ARGUMENT, number: 1n })),
    await errorFrom(client.getPrompt('x', { patient: ARGUMENT })),
    await errorFrom(client.request('no/such', { patient: ARGUMENT })),
  ];
  expectNoSecrets(...errors.map(printed), client.explain());
});

test('events of the client do not show them either', async () => {
  await using client = await MCPClient.connect(toolsServer({}, { env: { API_TOKEN: TOKEN } }));
  const recorder = new ClientRecorder(client);
  await client.callTool('say', { output: `using ${TOKEN}\n`, patient: ARGUMENT });
  await client.callTool('say', { output: '{"jsonrpc":"2.0","id":"sk-live-0123456789"}\n', patient: ARGUMENT });
  client.addNotificationHandler('hanging', () => Promise.reject(new Error('mine')));
  await errorFrom(client.callTool('hang', { patient: ARGUMENT }, { timeout: 50 }));
  expect(recorder.warning).toHaveLength(2);
  expect(recorder.error).toHaveLength(1);
  expectNoSecrets(...[...recorder.warning, ...recorder.error].map(printed));
});

test('the last messages and the last problem in the error of a call contain no secret', async () => {
  await using client = await MCPClient.connect(toolsServer({}, { env: { API_TOKEN: TOKEN } }));
  const output = [
    `{"jsonrpc":"2.0","id":"${TOKEN}","method":"ping"}`,
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"${TOKEN}"}}`,
    `using ${TOKEN}`,
  ];
  await client.callTool('say', { output: `${output.join('\n')}\n`, patient: ARGUMENT });
  const error = await errorFrom(client.callTool('hang', { patient: ARGUMENT }, { timeout: 50 }));
  expect(error.explain()).toMatch(/ {2}← ping, .* {2}← notifications\/message, .*Last problem: .*\[redacted\]/s);
  expectNoSecrets(printed(error), client.explain());
});

test('a supervised connection does not show them either', async () => {
  await using connection = new MCPConnection('clinic', toolsServer({ key: OPTION }, { env: { API_TOKEN: TOKEN } }), {
    autoReconnect: false,
  });
  const client = await connection.connect();
  await errorFrom(client.callTool('die', { code: 1, words: TOKEN, patient: ARGUMENT }));
  expectNoSecrets(
    inspect(connection, { depth: 10, showHidden: true }),
    inspect(connection.getInfo(), { depth: 10, showHidden: true }),
    inspect(await connection.healthCheck(), { depth: 10, showHidden: true }),
    printed(connection.lastError as MCPError),
    connection.explain(),
  );
});
