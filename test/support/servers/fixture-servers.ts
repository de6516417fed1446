import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { StdioTransport } from '../../../src/index.js';
import type { CallToolResult, JSONRPCMessage, StdioTransportOptions } from '../../../src/index.js';

const SERVERS = new URL('../../fixtures/servers/', pathToFileURL(__filename));

/** The path of a server in test/fixtures/servers. */
export function serverFixture(name: string): string {
  return fileURLToPath(new URL(`${name}.mjs`, SERVERS));
}

/** A transport to test/fixtures/servers/tools.mjs, which says what its options are. */
export function toolsServer(
  options: Readonly<Record<string, string | number>> = {},
  transportOptions?: StdioTransportOptions,
): StdioTransport {
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  return new StdioTransport(process.execPath, [serverFixture('tools'), ...args], transportOptions);
}

/** The text that a tool answered with. */
export function textOf(result: CallToolResult): string {
  const [block] = result.content;
  return (block as { text: string }).text;
}

/** A directory for one test file; it is removed after the last test. */
export function scratchDirectory(): (name: string) => string {
  const directory = mkdtempSync(path.join(tmpdir(), 'mcp-actors-'));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });
  let count = 0;
  return (name) => path.join(directory, `${(count += 1)}-${name}`);
}

/** The messages that a tools server wrote into its log. */
export function readLog(file: string): JSONRPCMessage[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JSONRPCMessage);
}
