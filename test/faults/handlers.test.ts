import { MCPClient } from '../../src/index.js';
import { ClientRecorder } from '../support/client-recorder.js';
import { turns } from '../support/outcomes.js';
import { answer, legacyScript, scriptedServer } from '../support/servers/scripts.js';
import type { ScriptedServer } from '../support/servers/scripts.js';

const text = { content: [{ type: 'text', text: 'done' }] };

describe('a function of the user that fails', () => {
  let server: ScriptedServer;
  let client: MCPClient;

  beforeEach(async () => {
    server = await scriptedServer(
      legacyScript('2025-11-25', {
        'tools/call': ({ id, params }) => [
          {
            say: {
              jsonrpc: '2.0',
              method: 'notifications/progress',
              params: { progressToken: (params?.['_meta'] as { progressToken?: unknown }).progressToken, progress: 1 },
            },
          },
          { say: { jsonrpc: '2.0', id, result: text } },
        ],
      }),
    );
    client = await MCPClient.connect(server.transport);
  });

  afterEach(async () => {
    await client.disconnect();
    await server[Symbol.asyncDispose]();
  });

  const failing = [
    [
      'by throwing',
      () => {
        throw new Error('oops');
      },
    ],
    ['by rejecting', () => Promise.reject(new Error('oops'))],
  ] as const;

  describe.each(failing)('%s', (_how, fail) => {
    /** What is reported, and that everything goes on. */
    async function reported(handler: string, cause: () => Promise<void> | void): Promise<void> {
      const recorder = new ClientRecorder(client);
      await cause();
      const [error] = await recorder.first('error');
      expect(error).toMatchObject({ code: 'MCP_HANDLER_FAILED', cause: { message: 'oops' } });
      expect(error?.message).toContain('oops');
      expect(error?.details['handler']).toBe(handler);
      expect(recorder.error).toHaveLength(1);
      expect(await client.callTool('x', {}, { onProgress: () => undefined })).toEqual(text);
    }

    test('as the handler of a notification is reported as an error', async () => {
      const heard: unknown[] = [];
      client.addNotificationHandler('tools/list_changed', fail);
      client.addNotificationHandler('tools/list_changed', (params) => heard.push(params));
      await reported('notifications/tools/list_changed', () => {
        server.notify('notifications/tools/list_changed', { _meta: {} });
      });
      expect(heard).toEqual([{ _meta: {} }]);
    });

    test('as onProgress is reported as an error, and its call succeeds', async () => {
      await reported('onProgress', async () => {
        expect(await client.callTool('x', {}, { onProgress: fail })).toEqual(text);
      });
    });

    test.each(['notification', 'warning', 'log'] as const)(
      'as a listener to %s is reported as an error',
      async (event) => {
        const others: unknown[] = [];
        client.on(event, fail);
        client.on(event, (...args: unknown[]) => others.push(args[0]));
        await reported(event, () => {
          if (event === 'warning') server.send({ jsonrpc: '2.0', id: 999, result: {} });
          else server.notify('notifications/message', { level: 'info', data: 'hi' });
        });
        expect(others).toHaveLength(event === 'notification' ? 2 : 1);
      },
    );

    test('as a listener to state is reported as an error, and the states go on', async () => {
      const recorder = new ClientRecorder(client);
      client.on('state', fail);
      await client.disconnect();
      await client.connect();
      expect(recorder.state).toEqual(['closed', 'connecting', 'initializing', 'ready']);
      expect(await recorder.first('error', 4)).toHaveLength(4);
      expect(recorder.error[0]).toMatchObject({ code: 'MCP_HANDLER_FAILED', details: { handler: 'state' } });
    });

    test('as a listener to error is not reported to itself', async () => {
      let calls = 0;
      client.on('error', () => {
        calls += 1;
        return fail();
      });
      server.send({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } });
      await turns();
      expect(calls).toBe(1);
      expect(client.state).toBe('ready');
    });

    test('without a listener to error nothing happens', async () => {
      client.addNotificationHandler('x', fail);
      server.notify('notifications/x');
      await turns();
      expect(await client.callTool('x', {}, { onProgress: fail })).toEqual(text);
      expect(client.state).toBe('ready');
    });
  });

  test('by throwing something that is no error is reported without what it holds', async () => {
    const recorder = new ClientRecorder(client);
    client.addNotificationHandler('x', () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- what others write
      throw { password: 'hunter22' };
    });
    server.notify('notifications/x');
    const [error] = await recorder.first('error');
    expect(error?.message).toBe('The function for notifications/x failed: a thrown object');
    expect(String(error)).not.toContain('hunter22');
    expect(error?.explain()).not.toContain('hunter22');
  });
});

test('a handler that takes itself away while it runs is not called again, and the others are', async () => {
  await using server = await scriptedServer(legacyScript());
  await using client = await MCPClient.connect(server.transport);
  const calls: string[] = [];
  const once = (): void => {
    calls.push('once');
    client.removeNotificationHandler('x', once);
  };
  client.addNotificationHandler('x', once);
  client.addNotificationHandler('notifications/x', () => calls.push('always'));
  server.notify('notifications/x');
  server.notify('notifications/x');
  await turns();
  expect(calls).toEqual(['once', 'always', 'always']);
});

test('a handler may do with the client whatever it likes', async () => {
  await using server = await scriptedServer(legacyScript('2025-11-25', { 'resources/read': answer({ contents: [] }) }));
  const client = await MCPClient.connect(server.transport);
  const done = new Promise<void>((resolve, reject) => {
    client.addNotificationHandler('x', async () => {
      await client
        .readResource('x:1')
        .then(async () => {
          await client.disconnect();
          await client.connect();
          await client.disconnect();
        })
        .then(resolve, reject);
    });
  });
  server.notify('notifications/x');
  await done;
  expect(client.state).toBe('closed');
});
