import type { MCPTool } from '../../../src/index.js';
import { heldSize } from '../../../src/util/held-size.js';
import { connectUntilTestEnds } from '../../support/scripted-clients.js';
import { errorFrom } from '../../support/outcomes.js';
import { answer, legacyScript } from '../../support/servers/scripts.js';
import type { ReceivedMessage, Step } from '../../support/servers/scripts.js';

const connected = connectUntilTestEnds();
const KIB = 1024;

/** Pages without an end, each with one tool of about this size and a cursor of this length. */
function endless(size: number, cursor = 1): (message: ReceivedMessage) => Step[] {
  let page = 0;
  return () => {
    page += 1;
    const tool: MCPTool = { name: `tool-${page}`, description: 'x'.repeat(size), inputSchema: { type: 'object' } };
    return answer({ tools: [tool], nextCursor: `${page}`.padStart(cursor, '0') });
  };
}

/** So many pages, over and over. */
function some(count: number, size: number): (message: ReceivedMessage) => Step[] {
  return ({ params }) => {
    const page = Number((params?.['cursor'] as string | undefined) ?? '1');
    const prompts = [{ name: `p-${page}`, description: 'x'.repeat(size) }];
    return answer({ prompts, ...(page < count && { nextCursor: String(page + 1) }) });
  };
}

describe('a list that is too long', () => {
  test('is refused by name and value, and leaves nothing behind', async () => {
    const { client } = await connected(legacyScript('2025-11-25', { 'tools/list': endless(10 * KIB) }), {
      limits: { maxListBytes: 100 * KIB, maxHeldBytes: 150 * KIB },
    });
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const error = await errorFrom(client.listTools({ useCache: false }));
      expect(error).toMatchObject({ code: 'MCP_PAGINATION', delivery: 'answered' });
      expect(error.details).toMatchObject({ field: 'limits.maxListBytes', limit: 100 * KIB, pages: 10 });
    }
  });

  test('may be iterated over, but for the length of its cursors', async () => {
    const { client } = await connected(legacyScript('2025-11-25', { 'tools/list': endless(KIB, 30 * KIB) }), {
      limits: { maxListBytes: 100 * KIB },
    });
    let seen = 0;
    const error = await errorFrom(
      (async () => {
        for await (const _ of client.tools()) seen += 1;
      })(),
    );
    expect(error).toMatchObject({ code: 'MCP_PAGINATION', details: { field: 'limits.maxListBytes' } });
    expect(seen).toBe(4);
  });

  test('is refused when other lists have taken what the connection may hold, and read when those are gone', async () => {
    const script = legacyScript('2025-11-25', { 'tools/list': endless(10 * KIB), 'prompts/list': some(5, 10 * KIB) });
    const { client, server } = await connected(script, { limits: { maxHeldBytes: 160 * KIB, maxPages: 6 } });
    expect(await client.listPrompts()).toHaveLength(5);
    // Kept lists count once, however often they are read again.
    for (let again = 0; again < 5; again += 1) await client.listPrompts();
    const refused = await errorFrom(client.listTools());
    expect(refused).toMatchObject({ code: 'MCP_PAGINATION', details: { limit: 6 } });
    expect(server.methods.filter((method) => method === 'prompts/list')).toHaveLength(5);
    const small = await connected(script, { limits: { maxHeldBytes: 60 * KIB, maxPages: 6 } });
    expect(await small.client.listPrompts()).toHaveLength(5);
    expect(await errorFrom(small.client.listTools())).toMatchObject({
      code: 'MCP_MEMORY_LIMIT',
      details: { field: 'limits.maxHeldBytes', limit: 60 * KIB },
    });
  });

  test('counts once for all that read it at the same time', async () => {
    const { client } = await connected(legacyScript('2025-11-25', { 'prompts/list': some(5, 10 * KIB) }), {
      limits: { maxHeldBytes: 80 * KIB },
    });
    const lists = await Promise.all(Array.from({ length: 50 }, () => client.listPrompts()));
    expect(lists.every((list) => list.length === 5)).toBe(true);
  });
});

test('the size of a value is about what it takes, however deep it is', () => {
  expect(heldSize('x'.repeat(1_000))).toBe(1_016);
  expect(heldSize(7)).toBe(0);
  expect(heldSize({ a: 'x'.repeat(100), b: [1, 2, { c: null }] })).toBeGreaterThan(200);
  let deep: unknown = 'x';
  for (let level = 0; level < 500_000; level += 1) deep = [deep];
  expect(heldSize(deep)).toBeGreaterThan(500_000 * 32);
});
