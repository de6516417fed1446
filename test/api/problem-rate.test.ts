import type { MCPError } from '../../src/index.js';
import { ClientAndServer } from '../support/scripted-clients.js';
import { turns } from '../support/outcomes.js';
import { legacyScript } from '../support/servers/scripts.js';

const SECOND = 1_000;

/** Problems that a server causes: responses that nobody waits for. */
function cause(pair: ClientAndServer, count: number): void {
  for (let id = 0; id < count; id += 1) pair.server.send({ jsonrpc: '2.0', id: 1_000_000 + id, result: {} });
}

const counts = (warnings: readonly MCPError[]): unknown[] => warnings.map(({ details }) => details['count']);

describe('problems that come in great numbers', () => {
  test('are reported one by one up to the limit, and together when the second is over', async () => {
    await using pair = await ClientAndServer.connect(legacyScript());
    const { announced, clock } = pair;
    cause(pair, 5_000);
    await turns(50);
    const warnings = announced.warning as readonly MCPError[];
    expect(warnings).toHaveLength(100);
    await clock.advance(SECOND);
    expect(warnings).toHaveLength(101);
    expect(warnings.at(-1)).toMatchObject({
      code: 'MCP_UNKNOWN_RESPONSE',
      details: { count: 4_900, field: 'limits.maxProblemsPerSecond', limit: 100 },
    });
    expect(warnings.at(-1)?.message).toMatch(/^4900 more problems of this kind came within a second/);
    cause(pair, 50);
    await turns(50);
    expect(counts(warnings.slice(101)).every((count) => count === undefined)).toBe(true);
    expect(warnings).toHaveLength(151);
  });

  test('are counted by their codes, and reported at the end of the connection at the latest', async () => {
    await using pair = await ClientAndServer.connect(legacyScript(), { limits: { maxProblemsPerSecond: 1 } });
    const { announced, client } = pair;
    cause(pair, 10);
    for (let left = 0; left < 10; left += 1) pair.server.send({ jsonrpc: '2.0', method: 7 });
    await turns(50);
    expect(announced.warning).toHaveLength(1);
    await client.disconnect();
    expect((announced.warning as readonly MCPError[]).map(({ code, details }) => [code, details['count']])).toEqual([
      ['MCP_UNKNOWN_RESPONSE', undefined],
      ['MCP_UNKNOWN_RESPONSE', 9],
      ['MCP_INVALID_MESSAGE', 10],
    ]);
  });

  test('are reported only as a count with the limit 0', async () => {
    await using pair = await ClientAndServer.connect(legacyScript(), { limits: { maxProblemsPerSecond: 0 } });
    cause(pair, 3);
    await turns(50);
    expect(pair.announced.warning).toEqual([]);
    await pair.clock.advance(SECOND);
    expect(counts(pair.announced.warning as readonly MCPError[])).toEqual([3]);
  });
});
