import path from 'node:path';
import { StdioTransport } from '../../../src/index.js';
import type { CallToolResult, MCPClient, StdioTransportOptions } from '../../../src/index.js';
import { serverFixture, textOf } from './fixture-servers.js';

const PACKAGES = path.resolve(__dirname, '../../../node_modules/@modelcontextprotocol');

/** A transport to one of the reference servers, which speak 2025-11-25. */
export function referenceServer(
  name: 'everything' | 'filesystem' | 'memory',
  args: readonly string[] = [],
  options?: StdioTransportOptions,
): StdioTransport {
  return new StdioTransport(process.execPath, [path.join(PACKAGES, `server-${name}/dist/index.js`), ...args], options);
}

/** A transport to a server of the official SDK in both eras; with `legacy: 'reject'` only in the modern one. */
export function sdkServer(legacy: 'serve' | 'reject' = 'serve', options?: StdioTransportOptions): StdioTransport {
  return new StdioTransport(process.execPath, [serverFixture('sdk'), legacy], options);
}

/** A call of server-everything that takes three steps. */
export const THREE_STEPS = ['trigger-long-running-operation', { duration: 0.3, steps: 3 }] as const;

/** Calls a tool that reports its progress: the steps that were heard of, and what it answered. */
export async function stepsOf(
  client: MCPClient,
  tool: string,
  args: Readonly<Record<string, unknown>>,
): Promise<{ readonly steps: readonly number[]; readonly result: CallToolResult }> {
  const steps: number[] = [];
  const result = await client.callTool(tool, args, { onProgress: ({ progress }) => steps.push(progress) });
  return { steps, result };
}

/** What to say to a server all at once: texts of many bytes a character, short ones and some of 100 000 bytes. */
export const HUNDRED_TEXTS = Array.from(
  { length: 100 },
  (_, index) => `${index} ${'é漢🎉'.repeat((index % 10) * 1_000)}`,
);

/** Has server-everything repeat these texts, all at once. */
export function echoes(client: MCPClient, texts: readonly string[]): Promise<string[]> {
  return Promise.all(texts.map(async (message) => textOf(await client.callTool('echo', { message }))));
}

/** The command line of server-everything over stdio. */
export const EVERYTHING: readonly string[] = [
  process.execPath,
  path.join(PACKAGES, 'server-everything/dist/index.js'),
  'stdio',
];
