import { MCPClient, StdioTransport } from '../../src/index.js';
import type { TapEvent } from '../../src/index.js';
import { createScriptedServer } from '../../src/testing/index.js';
import { errorFrom } from '../support/outcomes.js';

function listener(): { events: TapEvent[]; inspect: { inspect: () => void; tap: (event: TapEvent) => void } } {
  const events: TapEvent[] = [];
  return { events, inspect: { inspect: () => undefined, tap: (event) => void events.push(event) } };
}

/** What happened, in short. */
function story(events: readonly TapEvent[]): string[] {
  return events.map((event) => {
    const message = 'message' in event ? (event.message as { method?: string }) : undefined;
    return `${event.epoch} ${event.type}${message === undefined ? '' : ` ${message.method ?? 'answer'}`}`;
  });
}

test('a tap receives every message of a link, in order, with the number of the link', async () => {
  await using server = createScriptedServer({
    revision: '2025-11-25',
    handlers: { 'tools/call': () => ({ content: [] }) },
  });
  const { events, inspect } = listener();
  await using client = new MCPClient(server.transport, {
    inspect,
    era: 'legacy',
    autoReconnect: true,
    reconnectDelay: 0,
  });
  await client.connect();
  await client.callTool('x');
  expect(story(events)).toEqual([
    '1 link.opening',
    '1 link.opened',
    '1 message.out initialize',
    '1 message.in answer',
    '1 message.out notifications/initialized',
    '1 message.out tools/call',
    '1 message.in answer',
  ]);
  events.length = 0;
  server.hangUp();
  await client.callTool('x', {}, { retry: 'safe' });
  const aboutLinks = story(events).filter((line) => line.includes('link'));
  expect(aboutLinks).toEqual(['1 link.closed', '1 link.left', '2 link.opening', '2 link.opened']);
  events.length = 0;
  await client.close();
  expect(story(events)).toEqual(['2 link.left']);
});

test('a tap gets the reason why a link could not be opened', async () => {
  const { events, inspect } = listener();
  await using client = new MCPClient(new StdioTransport('no-such-command-anywhere'), { inspect });
  await errorFrom(client.connect());
  expect(events.find(({ type }) => type === 'link.closed')).toMatchObject({ failure: { code: 'MCP_SPAWN_FAILED' } });
});

test('a tap that throws is reported, and calls go on', async () => {
  await using server = createScriptedServer();
  const inspect = {
    inspect: () => undefined,
    tap: () => {
      throw new Error('tap');
    },
  };
  await using client = new MCPClient(server.transport, { inspect });
  const problems: string[] = [];
  client.on('error', ({ code }) => problems.push(code));
  await client.connect();
  expect(new Set(problems)).toEqual(new Set(['MCP_HANDLER_FAILED']));
});
