import { HttpTransport, MCPClient } from '../../src/index.js';
import { textOf } from '../support/servers/fixture-servers.js';
import { httpScene } from '../support/http-scene.js';
import { legacyServer, modernServer } from '../support/servers/http-server.js';
import type { HttpVisit } from '../support/servers/http-server.js';
import { hastyEnvironment } from '../support/link-recorder.js';
import { errorFrom } from '../support/outcomes.js';

const { endLater, serve } = httpScene();

const ERAS = { modern: modernServer, legacy: legacyServer };

/** A server behind a gateway that answers calls of tools in its place, after the server has run them. */
async function behind(
  era: keyof typeof ERAS,
  answer: (visit: HttpVisit) => unknown,
): Promise<{ client: MCPClient; charges: () => number }> {
  const server = await serve(
    ERAS[era]((visit) => visit.message.params?.['name'] === 'charge' && (answer(visit), true)),
  );
  const client = new MCPClient(new HttpTransport(server.url), {
    environment: hastyEnvironment(100),
    timeout: 3_600_000,
  });
  endLater(() => client.close());
  await client.connect();
  return {
    client,
    charges: () => server.asked('tools/call').filter(({ message }) => message.params?.['name'] === 'charge').length,
  };
}

/** What a gateway says about itself. */
const BODIES: [string, Record<string, string>, string][] = [
  ['a page', { 'content-type': 'text/html' }, '<h1>Bad Gateway</h1>'],
  ['text', { 'content-type': 'text/plain' }, 'upstream request timeout'],
  ['JSON that is not of JSON-RPC', { 'content-type': 'application/json' }, '{"message":"Endpoint request timed out"}'],
  ['nothing', {}, ''],
];

describe.each(['modern', 'legacy'] as const)(
  'pain 38: "a gateway answers 502/504 and the charge runs twice", %s',
  (era) => {
    test.each([408, 499, 502, 504, 520, 521, 522, 523, 524, 598, 599])(
      '%i: the call may have run, and is not made again',
      async (status) => {
        for (const [, headers, body] of BODIES) {
          const { client, charges } = await behind(era, ({ response }) =>
            response.writeHead(status, headers).end(body),
          );
          const error = await errorFrom(client.callTool('charge'));
          expect(error).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: status, delivery: 'unknown' });
          expect(charges()).toBe(1);
          expect(textOf(await client.callTool('buy'))).toBe('done');
        }
      },
    );

    test.each([403, 409, 413, 422, 429, 500, 501, 503, 507])(
      '%i: the call was answered, and is not made again',
      async (status) => {
        for (const [, headers, body] of BODIES) {
          const { client, charges } = await behind(era, ({ response }) =>
            response.writeHead(status, headers).end(body),
          );
          const error = await errorFrom(client.callTool('charge'));
          expect(error).toMatchObject({ code: 'MCP_HTTP_STATUS', errorCode: status, delivery: 'answered' });
          expect(charges()).toBe(1);
        }
      },
    );

    test.each([408, 502, 504, 520])('%i with an error of JSON-RPC is an answer of the server', async (status) => {
      const { client, charges } = await behind(era, (visit) => {
        visit.error(status, -31_999, 'The bank is closed');
      });
      const error = await errorFrom(client.callTool('charge'));
      expect(error).toMatchObject({
        delivery: 'answered',
        message: expect.stringContaining('The bank is closed') as string,
      });
      expect(charges()).toBe(1);
    });

    test.each([408, 499, 502, 503, 504, 520, 524])('%i: a call that may be repeated is made again', async (status) => {
      let failures = 2;
      const { client, charges } = await behind(era, (visit) => {
        failures -= 1;
        if (failures >= 0) visit.status(status);
        else visit.result({ resultType: 'complete', content: [{ type: 'text', text: 'charged' }] });
      });
      expect(textOf(await client.callTool('charge', {}, { retry: 'safe' }))).toBe('charged');
      expect(charges()).toBe(3);
    });
  },
);
