import type { MCPClient } from '../../../src/index.js';
import { connectUntilTestEnds } from '../../support/scripted-clients.js';
import { errorFrom } from '../../support/outcomes.js';
import { legacyScript } from '../../support/servers/scripts.js';

const connect = connectUntilTestEnds();

type Wrong = [name: string, expected: string, received: string, call: (client: MCPClient) => Promise<unknown>];

const nothing = undefined as never;
const argument = { name: 'city', value: 'P' };

const WRONG: readonly Wrong[] = [
  ['args', 'an object', 'an array', (client) => client.getPrompt('p', ['x'] as never)],
  ['args.pin', 'a string', 'a number', (client) => client.getPrompt('p', { pin: 4711 } as never)],
  ['args.pin', 'a string', 'null', (client) => client.getPrompt('p', { pin: null } as never)],
  ['ref', 'an object', 'undefined', (client) => client.complete(nothing)],
  [
    'ref.type',
    '"ref/prompt" or "ref/resource"',
    'a string',
    (client) => client.complete({ ref: { type: 'prompt', name: 'p' } as never, argument }),
  ],
  [
    'ref.name',
    'the name of a prompt',
    'undefined',
    (client) => client.complete({ ref: { type: 'ref/prompt' } as never, argument }),
  ],
  [
    'ref.uri',
    'a URI or a URI template',
    'undefined',
    (client) => client.complete({ ref: { type: 'ref/resource' } as never, argument }),
  ],
  [
    'argument',
    'an object',
    'a string',
    (client) => client.complete({ ref: { type: 'ref/prompt', name: 'p' }, argument: 'city' as never }),
  ],
  [
    'argument.value',
    'a string',
    'null',
    (client) => client.complete({ ref: { type: 'ref/prompt', name: 'p' }, argument: { name: 'city' } as never }),
  ],
];

test.each(WRONG)(
  '%s has to be %s, and %s is refused without being sent or shown',
  async (name, expected, received, call) => {
    const { server, client } = await connect(legacyScript('2025-11-25'));
    const sent = server.methods.length;
    const error = await errorFrom(call(client));
    expect(error).toMatchObject({
      code: 'MCP_INVALID_PARAMS',
      delivery: 'not-sent',
      details: { field: name, expected, received },
    });
    expect(String(error)).not.toContain('4711');
    expect(server.methods).toHaveLength(sent);
  },
);

test('an argument of a prompt that is undefined is left out', async () => {
  const { server, client } = await connect(legacyScript('2025-11-25'));
  void client.getPrompt('p', { city: 'Paris', country: undefined } as never).catch(() => undefined);
  expect(await server.receive('prompts/get')).toMatchObject({ params: { name: 'p', arguments: { city: 'Paris' } } });
});
