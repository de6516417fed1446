import type { MCPClient } from '../../../src/index.js';
import { pause } from '../waiting.js';
import { textOf } from './fixture-servers.js';

/** Milliseconds for which tokens of test/fixtures/servers/oidc-provider.mjs are valid. */
const TOKEN_LIFETIME = 1_000;

/** Waits until a token that was issued before has expired. */
export function untilTokensExpire(): Promise<void> {
  return pause(TOKEN_LIFETIME + 100);
}

/** Makes twenty calls at the same time. Returns their different results: `done` if the server accepted the token of each. */
export async function callTwenty(client: MCPClient): Promise<Set<string>> {
  const results = await Promise.all(Array.from({ length: 20 }, () => client.callTool('do')));
  return new Set(results.map((result) => textOf(result)));
}
